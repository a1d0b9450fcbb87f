// Search words, names and texts, and sort tables.
const MOST_FOUND = 20;
const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
let foldedWords = null;
let foldedStrings = null;

// Scripts without spaces between words: their words may be pairs of characters.
const UNSPACED = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}ー]{3,}$/u;

// Return the ranks of the words with these letters, or of all pairs that make up a
// word in a script without spaces.
function findRanks(words, letters) {
  const ranks = (part, fits) => [...words.keys()].filter((rank) => fits(words[rank], part));
  const whole = ranks(letters, (word, part) => word.includes(part));
  if (whole.length || !UNSPACED.test(letters)) return whole;
  const characters = [...letters];
  const pairs = characters.slice(1).map((next, place) => characters[place] + next);
  const found = pairs.map((pair) => ranks(pair, (word, part) => word === part));
  return found.every((ranks) => ranks.length) ? found.flat() : [];
}

// Return the topics that have a word with these letters, the top words first.
function findTopics(letters) {
  foldedWords = foldedWords || DATA.words.map((topics) => topics.map((words) => words.map(fold)));
  const found = [];
  for (let topic = 0; topic < DATA.nTopics; topic++) {
    const words = [];
    let best = Infinity;
    foldedWords.forEach((topics, language) => {
      for (const rank of findRanks(topics[topic], letters)) {
        words.push({ language, rank, word: DATA.words[language][topic][rank] });
        const isWhole = topics[topic][rank] === letters;
        best = Math.min(best, rank + (isWhole ? 0 : 1000));
      }
    });
    if (words.length) found.push({ topic, words, best });
  }
  return found.sort((a, b) => a.best - b.best);
}

// Return the rows whose names or texts contain the letters.
function findRows(letters) {
  const pools = [NAMES, TEXTS, TITLES].filter((pool) => pool);
  foldedStrings = foldedStrings || pools.map((pool) => pool.values.map(fold));
  const hits = foldedStrings.map((strings) => strings.map((string) => string.includes(letters)));
  const found = [];
  for (let row = 0; row < DATA.nRows; row++) {
    const hit = pools.some((pool, i) =>
      pool.of.some((of, view) => {
        const isShown = pool === TITLES || hasView(row, view);
        return of.length && of[row] >= 0 && isShown && hits[i][of[row]];
      }),
    );
    if (hit) found.push(row);
  }
  return found;
}

function foundTopic({ topic, words }) {
  const shown = words.sort((a, b) => a.rank - b.rank).slice(0, 8);
  const item = element("li", {}, topicLink(topic), " ");
  shown.forEach(({ language, rank, word }, number) => {
    const view = DATA.languages[language];
    const end = number < shown.length - 1 ? "; " : "";
    item.append(
      element("mark", { lang: codeOf(view), dir: "auto" }, word),
      element("span", { class: "share" }, ` ${view.label}, word ${rank + 1}${end}`),
    );
  });
  return item;
}

function foundRow(row) {
  return element(
    "li",
    {},
    element("a", { href: `#row-${row}` }, nameElement(titleOf(row))),
    element("span", { class: "share" }, " ", ...listNames(furtherNames(row))),
  );
}

function showFound() {
  const letters = fold(byId("search").value.trim());
  const found = byId("found");
  found.hidden = !letters;
  if (!letters) return announce("");
  const topics = findTopics(letters);
  const rows = SHARES ? findRows(letters) : [];
  const counts = `${topics.length} topics` + (SHARES ? ` and ${rows.length} documents` : "");
  found.replaceChildren(element("h2", {}, `Topics with such words: ${topics.length}`));
  found.append(element("ul", {}, ...topics.slice(0, MOST_FOUND).map(foundTopic)));
  if (SHARES) {
    const more = rows.length > MOST_FOUND ? `, the first ${MOST_FOUND} shown` : "";
    found.append(element("h2", {}, `Documents: ${rows.length}${more}`));
    found.append(element("ul", {}, ...rows.slice(0, MOST_FOUND).map(foundRow)));
  }
  announce(`${counts} found`);
}

function closeFound() {
  byId("found").hidden = true;
}

function startSearch() {
  const input = byId("search");
  let waiting = null;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(showFound, 150);
  });
  input.addEventListener("click", () => {
    if (input.value.trim() && byId("found").hidden) showFound();
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    showFound();
    const first = byId("found").querySelector("a");
    if (first) first.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || byId("found").hidden) return;
    closeFound();
    input.focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".bar") || event.target.closest("a")) closeFound();
  });
}

// Turn the heading of a column into a button that calls back with the direction.
function addSortButton(heading, downFirst, sort) {
  const button = element("button", { type: "button" }, ...heading.childNodes);
  heading.replaceChildren(button);
  button.addEventListener("click", () => {
    const now = heading.getAttribute("aria-sort");
    const down = now ? now === "ascending" : downFirst;
    for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(down);
    announce(`Sorted by ${button.textContent}, ${down ? "descending" : "ascending"}`);
  });
}

function startTopicTable() {
  const table = byId("topic-table");
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const isNumber = heading.dataset.sort === "number";
    const key = (row) => {
      const cell = row.cells[column];
      return isNumber ? Number(cell.dataset.value) : cell.textContent;
    };
    addSortButton(heading, isNumber && column > 0, (down) => {
      const order = isNumber
        ? (a, b) => key(a) - key(b)
        : (a, b) => COLLATOR.compare(key(a), key(b));
      const rows = [...body.rows].sort(order);
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}
