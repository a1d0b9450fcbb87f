// The list of documents, and a page for each document with the topics of its views.
const PER_PAGE = 25;
const LIST = { topic: null, sort: "place", down: false, first: 0, rows: [], keys: null };
// Number of topics of a document to compare: those with the largest share in any view.
const LEAST_SHARE = 0.02;
const MOST_COMPARED = 12;

const SORT_KEYS = {
  place: (row) => row,
  name: (row) => titleOf(row),
  topic: (row) => (sharesOf(row, -1)[0] || [-1])[0],
  share: (row) => shareInList(row),
  disagreement: (row) => disagreementOf(row) ?? -1,
};

// The share of the chosen topic in a row, or of its largest if none is chosen.
function shareInList(row) {
  const shares = sharesOf(row, -1);
  const shown = LIST.topic === null ? shares[0] : shares.find(([topic]) => topic === LIST.topic);
  return shown ? shown[1] : 0;
}

function orderList() {
  const rows = Array.from({ length: DATA.nRows }, (_, row) => row);
  LIST.rows = LIST.topic === null ? rows : rows.filter((row) => shareInList(row) > 0);
  const keys = new Map(LIST.rows.map((row) => [row, SORT_KEYS[LIST.sort](row)]));
  const sign = LIST.down ? -1 : 1;
  const compare = LIST.sort === "name" ? COLLATOR.compare : (a, b) => a - b;
  LIST.rows.sort((a, b) => sign * compare(keys.get(a), keys.get(b)) || a - b);
  LIST.first = 0;
  showList();
}

function listRow(row) {
  const shares = sharesOf(row, -1);
  const topic = LIST.topic ?? (shares[0] || [null])[0];
  const further = furtherNames(row);
  const disagreement = disagreementOf(row);
  const cells = [
    element(
      "th",
      { scope: "row" },
      element("a", { href: `#row-${row}` }, nameElement(titleOf(row))),
      further.size ? element("div", { class: "share" }, ...listNames(further)) : null,
    ),
    element("td", {}, ...(topic === null ? ["–"] : [topicLink(topic), " ", firstWordsElement(topic)])),
    element("td", { class: "number" }, percent(shareInList(row))),
  ];
  if (DIVERGENCES.length) {
    const shown = disagreement === null ? "–" : percent(disagreement);
    cells.push(element("td", { class: "number" }, shown, bar(disagreement || 0)));
  }
  return element("tr", {}, ...cells);
}

function bar(share) {
  return element("span", { class: "bar", style: `--share:${share}` });
}

function showList() {
  const shown = LIST.rows.slice(LIST.first, LIST.first + PER_PAGE);
  byId("document-table").tBodies[0].replaceChildren(...shown.map(listRow));
  const last = LIST.first + shown.length;
  byId("list-range").textContent = shown.length
    ? `${LIST.first + 1} to ${last} of ${LIST.rows.length}`
    : "None";
  byId("list-previous").disabled = LIST.first === 0;
  byId("list-next").disabled = last >= LIST.rows.length;
}

function turnList(step) {
  LIST.first += step * PER_PAGE;
  showList();
  announce(`Documents ${byId("list-range").textContent}`);
}

// List the documents of a topic, or all (null), best first.
function chooseListTopic(topic) {
  byId("list-topic").value = topic ?? "";
  LIST.topic = topic;
  const sort = topic === null ? "place" : "share";
  Object.assign(LIST, { sort, down: topic !== null });
  for (const heading of byId("document-table").tHead.rows[0].cells) {
    heading.removeAttribute("aria-sort");
    if (heading.dataset.sort === sort) heading.setAttribute("aria-sort", "descending");
  }
  orderList();
}

function startList() {
  const columns = [["name", "Document"], ["topic", "Topic"], ["share", "Share"]];
  if (DIVERGENCES.length) columns.push(["disagreement", "Disagreement"]);
  for (const [sort, label] of columns) {
    const heading = element("th", { scope: "col", "data-sort": sort }, label);
    byId("document-table").tHead.rows[0].append(heading);
    addSortButton(heading, sort === "share" || sort === "disagreement", (down) => {
      Object.assign(LIST, { sort, down });
      orderList();
    });
  }
  fillTopics(byId("list-topic"));
  byId("list-topic").addEventListener("change", (event) => {
    chooseListTopic(event.target.value === "" ? null : Number(event.target.value));
    announce(`${LIST.rows.length} documents`);
  });
  byId("list-previous").addEventListener("click", () => turnList(-1));
  byId("list-next").addEventListener("click", () => turnList(1));
  orderList();
}

// The views that a row has, by their numbers.
function viewsOf(row) {
  return VIEWS.map((_, view) => view).filter((view) => hasView(row, view));
}

function viewSection(row, view) {
  const text = textOf(row, view);
  const section = element("section", {}, element("h2", {}, VIEWS[view].label));
  const name = nameOf(row, view);
  // The beginning of a text would only repeat it.
  const isOwn = NAMES.of[view][row] >= 0 && name !== titleOf(row);
  if (isOwn) section.append(element("p", {}, nameElement(name)));
  section.append(pictureElement(row, view) || "");
  if (text) {
    const attributes = {
      class: "text", lang: codeOf(VIEWS[view]), dir: "auto", tabindex: 0, role: "region",
    };
    section.append(
      element("div", { ...attributes, "aria-label": `Text, ${VIEWS[view].label}` }, text),
    );
  }
  return section;
}

// Return the topics of a row to compare: [topic, its share by view] pairs.
function comparedTopics(row, views) {
  const byTopic = new Map();
  views.forEach((view, column) => {
    for (const [topic, share] of sharesOf(row, view)) {
      if (share < LEAST_SHARE) continue;
      if (!byTopic.has(topic)) byTopic.set(topic, views.map(() => 0));
      byTopic.get(topic)[column] = share;
    }
  });
  return [...byTopic]
    .sort(([, a], [, b]) => Math.max(...b) - Math.max(...a))
    .slice(0, MOST_COMPARED);
}

function percentOrLess(share) {
  return share ? percent(share) : `under ${percent(LEAST_SHARE)}`;
}

function comparisonTable(row, views, compared) {
  const heads = views.map((view) => element("th", { scope: "col" }, VIEWS[view].label));
  const largest = Math.max(LEAST_SHARE, ...compared.flatMap(([, shares]) => shares));
  const lines = compared.map(([topic, shares]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, topicLink(topic), " ", firstWordsElement(topic, 5)),
      ...shares.map((share) => {
        return element("td", { class: "number" }, percentOrLess(share), bar(share / largest));
      }),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, `Topics with a share of at least ${percent(LEAST_SHARE)} in some view`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Topic"), ...heads)),
    element("tbody", {}, ...lines),
  );
}

// Describe how much the views of a row differ, and in which topic most.
function disagreements(row, views, compared) {
  const found = [];
  DIVERGENCES.forEach(({ views: pair }, number) => {
    const value = divergenceOf(row, number);
    if (value === null) return;
    const [one, other] = pair.map((view) => VIEWS[view].label);
    found.push(element("li", {}, `${one} and ${other}: ${percent(value)} disagreement`));
  });
  let widest = null;
  for (const [topic, shares] of compared) {
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    if (!widest || most - least > widest.gap) widest = { topic, shares, least, most, gap: most - least };
  }
  if (widest && widest.gap >= 0.1) {
    const [high, low] = [widest.most, widest.least].map(
      (share) => VIEWS[views[widest.shares.indexOf(share)]].label,
    );
    const shares = `${percent(widest.most)} in ${high}, ${percentOrLess(widest.least)} in ${low}.`;
    const text = [`${topicLabel(widest.topic)} (`, firstWordsElement(widest.topic), ") differs most: "];
    found.push(element("li", { class: "apart" }, ...text, shares));
  }
  return element("ul", {}, ...found);
}

// The web address of a document; send no referrer.
function linkElement(row) {
  const address = cellOf(LINKS, row);
  const attributes = { href: address, rel: "noreferrer", target: "_blank" };
  return address && element("p", {}, element("a", attributes, address));
}

function showRow(row) {
  const page = byId("page");
  const views = viewsOf(row);
  const compared = comparedTopics(row, views);
  const place = LIST.rows.indexOf(row);
  const turn = (step, label) => {
    const next = place < 0 ? undefined : LIST.rows[place + step];
    return next === undefined ? null : element("a", { href: `#row-${next}` }, label);
  };
  const parts = [
    element(
      "nav",
      { "aria-label": "Documents" },
      element("a", { href: "#documents" }, "All documents"),
      turn(-1, "Previous document"),
      turn(1, "Next document"),
    ),
    element("h1", {}, nameElement(titleOf(row))),
    linkElement(row),
    element("div", { class: "views" }, ...views.map((view) => viewSection(row, view))),
    element("h2", {}, views.length > 1 ? "Where the views agree and disagree" : "Topics"),
    views.length > 1 ? disagreements(row, views, compared) : null,
    element(
      "div",
      { class: "scroll", role: "region", "aria-label": "Topics of the views", tabindex: 0 },
      comparisonTable(row, views, compared),
    ),
    views.length ? element("p", {}, element("a", { href: `#map-row-${row}` }, "Show on the map")) : null,
  ];
  page.replaceChildren(...parts.filter((part) => part));
}
