// Read the data of the page, and create elements to show it.
"use strict";

const WHOLE = 65535;
// All of these are read once, before rendering.
let DATA, VIEWS, POINTS, POINT_OF, NAMES, DIVERGENCES;
// The topics of whole rows first, then those of each view; empty without documents.
let SHARES, TEXTS, PICTURES, TITLES, LINKS;

function unpack(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function readShares(packed) {
  const Kind = DATA.nTopics <= 256 ? Uint8Array : Uint16Array;
  return {
    width: packed.width,
    topics: unpack(packed.topics, Kind),
    shares: unpack(packed.shares, Uint16Array),
  };
}

function readPool(pool) {
  return { values: pool.values, of: pool.of.map((text) => unpack(text, Int32Array)) };
}

async function readData() {
  const packed = unpack(byId("report-data").textContent, Uint8Array);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  DATA = JSON.parse(await new Response(stream).text());
  const toShare = (place) => place / WHOLE;
  VIEWS = DATA.views;
  POINTS = {
    row: unpack(DATA.points.row, Int32Array),
    view: unpack(DATA.points.view, Uint8Array),
    topic: unpack(DATA.points.topic, Uint16Array),
    x: Float32Array.from(unpack(DATA.points.x, Uint16Array), toShare),
    y: Float32Array.from(unpack(DATA.points.y, Uint16Array), toShare),
  };
  POINT_OF = DATA.pointOf.map((text) => unpack(text, Int32Array));
  NAMES = readPool(DATA.names);
  SHARES = DATA.shares ? DATA.shares.map(readShares) : null;
  TEXTS = DATA.texts ? readPool(DATA.texts) : null;
  TITLES = DATA.titles ? readPool(DATA.titles) : null;
  LINKS = DATA.links ? readPool(DATA.links) : null;
  PICTURES = DATA.pictures
    ? { sources: DATA.pictures.sources, of: DATA.pictures.of.map((t) => unpack(t, Int32Array)) }
    : null;
  DIVERGENCES = (DATA.divergences || []).map(({ views, values }) => ({
    views,
    values: unpack(values, Int16Array),
  }));
}

// Return an element; its children are elements, or texts that are not parsed.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

function percent(share, digits = 0) {
  return `${(share * 100).toFixed(digits)}%`;
}

function announce(text) {
  byId("status").textContent = text;
}

// Normalize letters for comparisons: lower case, without accents.
function fold(text) {
  return text.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "");
}

// The language of a view, if its name is a code.
function codeOf(view) {
  return /^[a-z]{2}(-[A-Za-z0-9]+)*$/.test(view.id) ? view.id : null;
}

// The number of a topic, and its name if it has one.
function topicLabel(topic) {
  const name = DATA.topicNames[topic];
  return name ? `Topic ${topic}: ${name}` : `Topic ${topic}`;
}

// The words that label a topic, in the first language that has words.
function firstWords(topic, n = 3) {
  const words = DATA.words[firstLanguage(topic)];
  return (words ? words[topic] : []).slice(0, n).join(", ");
}

function firstLanguage(topic) {
  return DATA.words.findIndex((topics) => topics[topic].length);
}

// The same with its writing direction and language.
function firstWordsElement(topic, n = 3) {
  const view = DATA.languages[firstLanguage(topic)];
  return element("bdi", { lang: view && codeOf(view) }, firstWords(topic, n));
}

// A name in any language, inside other text.
function nameElement(name, view = null) {
  return element("bdi", { lang: view === null ? null : codeOf(VIEWS[view]) }, name);
}

function hasView(row, view) {
  return POINT_OF[view][row] >= 0;
}

// The beginning of a text, its default name.
function beginning(text) {
  const letters = [...text.slice(0, 600).trim().replace(/\s+/g, " ")];
  return letters.length <= 60 ? letters.join("") : `${letters.slice(0, 58).join("")} …`;
}

function nameOf(row, view) {
  const number = NAMES.of[view][row];
  return number < 0 ? beginning(textOf(row, view)) : NAMES.values[number];
}

// The value of a row in a pool of one column.
function cellOf(pool, row) {
  const number = pool && pool.of[0].length ? pool.of[0][row] : -1;
  return number < 0 ? null : pool.values[number];
}

// The name of a row: its title, or else the name of its first view.
function titleOf(row) {
  const title = cellOf(TITLES, row);
  if (title !== null) return title;
  const view = VIEWS.findIndex((_, number) => hasView(row, number));
  return nameOf(row, Math.max(view, 0));
}

// Other names of the views of a row; each with the first view that has it.
function furtherNames(row) {
  const found = new Map();
  VIEWS.forEach((_, view) => {
    const name = hasView(row, view) ? nameOf(row, view) : titleOf(row);
    if (name !== titleOf(row) && !found.has(name)) found.set(name, view);
  });
  return found;
}

// Names in a line, each in its own direction; names may contain commas.
function listNames(names) {
  return [...names].flatMap(([name, view], place) => [
    place ? " · " : "",
    nameElement(name, view),
  ]);
}

function textOf(row, view) {
  const number = TEXTS && TEXTS.of[view].length ? TEXTS.of[view][row] : -1;
  return number < 0 ? null : TEXTS.values[number];
}

// The address of a picture; pictures of topics are on the page only once.
function pictureOf(row, view) {
  const number = PICTURES ? PICTURES.of[view][row] : -1;
  if (number < 0) return null;
  const shown = document.querySelector(`img[data-picture="${number}"]`);
  return PICTURES.sources[number] || (shown && shown.src);
}

function pictureElement(row, view) {
  const source = pictureOf(row, view);
  return source && element("img", { class: "picture", src: source, alt: nameOf(row, view) });
}

// The largest topics of a row, in all views (-1) or in one: [topic, share] pairs.
function sharesOf(row, view) {
  const { width, topics, shares } = SHARES[view + 1];
  const found = [];
  for (let i = row * width; i < (row + 1) * width; i++) {
    if (shares[i] > 0) found.push([topics[i], shares[i] / WHOLE]);
  }
  return found;
}

// From 0 to 1, or null where a row lacks one of the two views.
function divergenceOf(row, pair) {
  const value = DIVERGENCES[pair].values[row];
  return value < 0 ? null : value / 1000;
}

function disagreementOf(row) {
  const values = DIVERGENCES.map((_, pair) => divergenceOf(row, pair));
  const known = values.filter((value) => value !== null);
  return known.length ? Math.max(...known) : null;
}

function topicLink(topic) {
  const place = SHARES ? "topic" : "map";
  return element("a", { href: `#${place}-${topic}` }, topicLabel(topic));
}

function fillTopics(select) {
  for (let topic = 0; topic < DATA.nTopics; topic++) {
    const called = DATA.topicNames[topic] || firstWords(topic);
    select.append(element("option", { value: topic }, `${topic}: ${called}`));
  }
}
