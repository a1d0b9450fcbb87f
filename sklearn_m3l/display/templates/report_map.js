// The map of the topic space, drawn by Bokeh on a canvas.

const MARKERS = ["circle", "square", "triangle", "diamond", "inverted_triangle", "star", "hex"];
const SIGNS = ["●", "■", "▲", "◆", "▼", "★", "⬢"];
// Pixels within which a point is hit, and the least that an arrow key moves.
const NEAR = 14;
const LEAST_STEP = 3;
const MAP = { plot: null, shown: [], topic: null };
// The chosen point, and the one under the pointer.
let chosen = null;
let lit = null;

function make(kind, attributes) {
  return new (Bokeh.Models.get(kind))(attributes);
}

// A color for each topic: successive hues are far apart.
function topicColor(topic, alpha = "") {
  const hue = (topic * 137.508) % 360;
  const lightness = (isDark() ? [66, 78, 56] : [45, 58, 34])[topic % 3] / 100;
  const chroma = 0.62 * Math.min(lightness, 1 - lightness);
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    const value = lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}${alpha}`;
}

function palette() {
  return Array.from({ length: DATA.nTopics }, (_, topic) => {
    if (MAP.topic === null) return topicColor(topic, "b8");
    return topic === MAP.topic ? topicColor(topic) : isDark() ? "#a0a0a038" : "#80808030";
  });
}

function pointsOfView(view) {
  const found = [];
  POINTS.view.forEach((of, point) => of === view && found.push(point));
  return found;
}

function addPoints(view) {
  const points = pointsOfView(view);
  const source = make("ColumnDataSource", {
    data: {
      x: Float32Array.from(points, (point) => POINTS.x[point]),
      y: Float32Array.from(points, (point) => POINTS.y[point]),
      topic: Float32Array.from(points, (point) => POINTS.topic[point]),
    },
  });
  const glyph = make("Scatter", {
    x: { field: "x" },
    y: { field: "y" },
    marker: { value: MARKERS[view % MARKERS.length] },
    size: { value: POINTS.row.length > 5000 ? 5 : 8 },
    fill_color: { field: "topic", transform: MAP.colors },
    line_color: { value: null },
  });
  return MAP.plot.add_glyph(glyph, source);
}

// Glyphs that change with the pointer: drawn on a separate layer.
function addOverlay() {
  const data = () => make("ColumnDataSource", { data: {} });
  Object.assign(MAP, { rings: data(), lines: data(), labels: data() });
  const [x, y] = [{ field: "x" }, { field: "y" }];
  const layer = { level: "overlay" };
  MAP.segments = make("Segment", {
    x0: { field: "x0" }, y0: { field: "y0" }, x1: { field: "x1" }, y1: { field: "y1" },
    line_width: { value: 2 },
  });
  MAP.scatter = make("Scatter", {
    x, y, marker: { field: "marker" }, size: { field: "size" }, line_width: { value: 2 },
    fill_color: { field: "color" },
  });
  MAP.text = make("Text", {
    x, y, text: { field: "text" }, text_align: { value: "center" },
    text_baseline: { value: "middle" }, text_font_size: { value: "13px" },
    padding: 2, border_radius: 4,
  });
  MAP.plot.add_glyph(MAP.text, MAP.labels, layer);
  MAP.plot.add_glyph(MAP.segments, MAP.lines, layer);
  MAP.plot.add_glyph(MAP.scatter, MAP.rings, layer);
  setLit(null);
}

function paintTheme() {
  if (!MAP.plot) return;
  const style = getComputedStyle(document.body);
  MAP.colors.palette = palette();
  MAP.segments.line_color = MAP.scatter.line_color = { value: style.color };
  MAP.text.text_color = { value: style.color };
  MAP.text.background_fill_color = { value: style.backgroundColor };
  MAP.text.background_fill_alpha = { value: 0.7 };
  setLit(lit);
  for (const swatch of document.querySelectorAll(".swatch")) {
    swatch.style.background = topicColor(Number(swatch.dataset.topic));
  }
}

// Show a square of the map, whatever the shape of its frame.
function setWindow(x, y, half) {
  const { width, height } = byId("plot").getBoundingClientRect();
  const least = Math.max(Math.min(width, height), 1);
  const [across, up] = [(half * width) / least, (half * height) / least];
  const { x_range, y_range } = MAP.plot;
  x_range.setv({ start: x - across, end: x + across });
  y_range.setv({ start: y - up, end: y + up });
}

function windowNow() {
  const { x_range, y_range } = MAP.plot;
  const [across, up] = [x_range.end - x_range.start, y_range.end - y_range.start];
  return {
    x: (x_range.start + x_range.end) / 2,
    y: (y_range.start + y_range.end) / 2,
    half: Math.min(across, up) / 2,
    pixels: byId("plot").clientWidth / across,
  };
}

function zoom(factor) {
  const { x, y, half } = windowNow();
  setWindow(x, y, Math.min(Math.max(half * factor, 0.002), 2));
}

function showWholeMap() {
  setWindow(0.5, 0.5, 0.54);
}

// Name as many topics as fit into the window, the largest first.
function placeLabels() {
  const { x_range, y_range } = MAP.plot;
  const { pixels } = windowNow();
  const named = [];
  for (const { topic, x, y } of MAP.middles) {
    if (x < x_range.start || x > x_range.end || y < y_range.start || y > y_range.end) continue;
    const text = DATA.topicNames[topic] || firstWords(topic, 1);
    const clear = named.every(
      (other) =>
        Math.abs(y - other.y) * pixels > 18 ||
        Math.abs(x - other.x) * pixels > 4.5 * (text.length + other.text.length),
    );
    if (clear) named.push({ x, y, text });
  }
  const column = (name) => named.map((label) => label[name]);
  MAP.labels.data = { x: column("x"), y: column("y"), text: column("text") };
}

// Return the center of the points of each topic, the largest topics first.
function findMiddles() {
  const byTopic = new Map();
  POINTS.topic.forEach((topic, point) => {
    if (!byTopic.has(topic)) byTopic.set(topic, []);
    byTopic.get(topic).push(point);
  });
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  return [...byTopic]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([topic, points]) => ({
      topic,
      x: median(points.map((point) => POINTS.x[point])),
      y: median(points.map((point) => POINTS.y[point])),
    }));
}

// Return the point with the least cost, or null if all costs are infinite.
function cheapestPoint(cost) {
  let [best, least] = [null, Infinity];
  for (let point = 0; point < POINTS.x.length; point++) {
    if (!MAP.shown[POINTS.view[point]]) continue;
    const now = cost(point);
    if (now < least) [best, least] = [point, now];
  }
  return best;
}

function pointNear(x, y, most) {
  return cheapestPoint((point) => {
    const [dx, dy] = [POINTS.x[point] - x, POINTS.y[point] - y];
    const distance = dx * dx + dy * dy;
    return distance <= most * most ? distance : Infinity;
  });
}

// Return the next point within 45 degrees of a direction.
function pointTowards(from, right, up) {
  const { pixels } = windowNow();
  return cheapestPoint((point) => {
    const dx = POINTS.x[point] - POINTS.x[from];
    const dy = POINTS.y[point] - POINTS.y[from];
    const ahead = dx * right + dy * up;
    const aside = Math.abs(dx * up + dy * right);
    return ahead * pixels >= LEAST_STEP && aside <= ahead ? dx * dx + dy * dy : Infinity;
  });
}

// The documents that a point shows: several if they share a text.
function rowsOf(point) {
  const of = POINT_OF[POINTS.view[point]];
  const rows = [];
  of.forEach((other, row) => other === point && rows.push(row));
  return rows;
}

// Return the points of the other views of the documents that a point shows.
function companions(point) {
  const found = new Set();
  for (const row of rowsOf(point)) {
    for (const of of POINT_OF) if (of[row] >= 0) found.add(of[row]);
  }
  found.delete(point);
  return [...found];
}

// Highlight a point and the other views of its documents, and describe them.
function setLit(point) {
  lit = point;
  const others = point === null ? [] : companions(point);
  const all = point === null ? [] : [point, ...others];
  MAP.rings.data = {
    x: all.map((p) => POINTS.x[p]),
    y: all.map((p) => POINTS.y[p]),
    marker: all.map((p) => MARKERS[POINTS.view[p] % MARKERS.length]),
    size: all.map((p) => (p === point ? 17 : 13)),
    color: all.map((p) => topicColor(POINTS.topic[p])),
  };
  MAP.lines.data = {
    x0: others.map(() => POINTS.x[point]),
    y0: others.map(() => POINTS.y[point]),
    x1: others.map((p) => POINTS.x[p]),
    y1: others.map((p) => POINTS.y[p]),
  };
  tellPoint(point, others);
}

function nameOfPoint(point) {
  return nameOf(POINTS.row[point], POINTS.view[point]);
}

function pointSummary(point) {
  const topic = POINTS.topic[point];
  const swatch = element("span", { class: "swatch", "data-topic": topic });
  swatch.style.background = topicColor(topic);
  return [swatch, topicLink(topic), " ", firstWordsElement(topic, 5)];
}

function tellPoint(point, others) {
  const panel = byId("point");
  if (point === null) {
    panel.replaceChildren(element("p", { class: "how" }, "Point at the map or select a point."));
    return;
  }
  const [view, rows] = [POINTS.view[point], rowsOf(point)];
  const name = nameElement(nameOfPoint(point));
  const title = SHARES ? element("a", { href: `#row-${rows[0]}` }, name) : name;
  const excerpt = textOf(rows[0], view);
  const parts = [
    element("p", { class: "share" }, `${SIGNS[view % SIGNS.length]} ${VIEWS[view].label}`),
    element("h3", {}, title),
    element("p", {}, ...pointSummary(point)),
    pictureElement(rows[0], view),
    excerpt && element("p", { class: "share", lang: codeOf(VIEWS[view]), dir: "auto" }, shorten(excerpt)),
    others.length ? element("h3", {}, "Other views") : null,
    element("ul", {}, ...others.slice(0, 8).map(tellCompanion)),
  ];
  panel.replaceChildren(...parts.filter((part) => part));
}

function shorten(text) {
  return text.length > 160 ? `${text.slice(0, 160)} …` : text;
}

function tellCompanion(point) {
  const view = POINTS.view[point];
  return element(
    "li",
    {},
    element("div", {}, `${SIGNS[view % SIGNS.length]} ${VIEWS[view].label}: `, nameElement(nameOfPoint(point))),
    pictureElement(POINTS.row[point], view),
    element("div", {}, ...pointSummary(point)),
  );
}

// Keep a point highlighted and in the window, and describe it.
function choosePoint(point) {
  chosen = point;
  setLit(point);
  if (point === null) return;
  const { x_range, y_range } = MAP.plot;
  const [x, y] = [POINTS.x[point], POINTS.y[point]];
  if (x < x_range.start || x > x_range.end || y < y_range.start || y > y_range.end) {
    setWindow(x, y, windowNow().half);
  }
  const view = VIEWS[POINTS.view[point]].label;
  const topic = POINTS.topic[point];
  announce(`${view}: ${nameOfPoint(point)}. ${topicLabel(topic)} (${firstWords(topic, 5)})`);
}

function chooseRow(row) {
  const view = VIEWS.findIndex((_, number) => hasView(row, number));
  if (view >= 0) choosePoint(POINT_OF[view][row]);
}

function chooseMapTopic(topic) {
  MAP.topic = topic;
  byId("map-topic").value = topic ?? "";
  MAP.colors.palette = palette();
}

// Cycle through the views of the documents that the chosen point shows.
function chooseCompanion() {
  const all = [chosen, ...companions(chosen)].sort((a, b) => a - b);
  choosePoint(all[(all.indexOf(chosen) + 1) % all.length]);
}

function pressKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const directions = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const { x, y } = windowNow();
  if (event.key in directions) {
    const next = chosen === null
      ? pointNear(x, y, Infinity)
      : pointTowards(chosen, ...directions[event.key]);
    if (next !== null) choosePoint(next);
  } else if (event.key === "+" || event.key === "=") zoom(0.6);
  else if (event.key === "-") zoom(1 / 0.6);
  else if (event.key === "0") showWholeMap();
  else if (event.key.toLowerCase() === "v" && chosen !== null) chooseCompanion();
  else if (event.key === "Escape" && chosen !== null) choosePoint(null);
  else if (event.key === "Enter" && chosen !== null && SHARES) {
    location.hash = `#row-${rowsOf(chosen)[0]}`;
  } else return;
  event.preventDefault();
}

// Let the mouse and fingers move the map only after they have touched it: until then
// they scroll the page.
function startTools() {
  const tools = [make("PanTool", {}), make("WheelZoomTool", {})];
  MAP.plot.add_tools(...tools);
  const place = byId("plot");
  const setActive = (active) => tools.forEach((tool) => (tool.active = active));
  setActive(false);
  place.addEventListener("focusin", () => setActive(true));
  place.addEventListener("focusout", () => setActive(false));
  place.addEventListener("pointerdown", () => place.focus({ preventScroll: true }), true);
  place.addEventListener("keydown", pressKey);
  MAP.plot.on_event("mousemove", ({ x, y }) => {
    const near = pointNear(x, y, NEAR / windowNow().pixels) ?? chosen;
    if (near !== lit) setLit(near);
  });
  MAP.plot.on_event("mouseleave", () => lit !== chosen && setLit(chosen));
  MAP.plot.on_event("tap", ({ x, y }) => choosePoint(pointNear(x, y, NEAR / windowNow().pixels)));
}

function startControls() {
  fillTopics(byId("map-topic"));
  byId("map-topic").addEventListener("change", (event) => {
    chooseMapTopic(event.target.value === "" ? null : Number(event.target.value));
  });
  byId("zoom-in").addEventListener("click", () => zoom(0.6));
  byId("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
  byId("zoom-reset").addEventListener("click", showWholeMap);
  document.querySelectorAll("[data-view]").forEach((box) => {
    const view = Number(box.dataset.view);
    box.addEventListener("change", () => {
      MAP.shown[view] = MAP.renderers[view].visible = box.checked;
    });
  });
}

function startMap() {
  const range = () => make("Range1d", { start: 0, end: 1, max_interval: 4 });
  MAP.plot = make("Plot", {
    x_range: range(), y_range: range(), sizing_mode: "stretch_both", toolbar_location: null,
    background_fill_color: null, border_fill_color: null, outline_line_color: null,
    min_border: 0,
  });
  MAP.colors = make("LinearColorMapper", { palette: palette(), low: -0.5, high: DATA.nTopics - 0.5 });
  MAP.shown = VIEWS.map(() => true);
  MAP.renderers = VIEWS.map((_, view) => addPoints(view));
  MAP.middles = findMiddles();
  addOverlay();
  startTools();
  startControls();
  showWholeMap();
  for (const range of [MAP.plot.x_range, MAP.plot.y_range]) range.change.connect(placeLabels);
  placeLabels();
  new ResizeObserver(() => {
    const { x, y, half } = windowNow();
    if (byId("plot").clientWidth) setWindow(x, y, half);
  }).observe(byId("plot"));
  const page = new (Bokeh.require("document/document").Document)();
  page.add_root(MAP.plot);
  page.on_event("document_ready", () => {
    // One Tab stop is enough: the map itself.
    for (const view of Bokeh.index.roots) {
      if (view.model === MAP.plot) view.canvas_view.events_el.tabIndex = -1;
    }
  });
  Bokeh.embed.add_document_standalone(page, byId("plot"));
}
