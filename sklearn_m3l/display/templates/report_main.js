// Show what the address of the page names, set the theme, and start everything.
let scrolledTo = 0;

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function startTheme() {
  const button = byId("theme");
  const update = () => {
    button.setAttribute("aria-pressed", isDark());
    paintTheme();
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    update();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  update();
}

function showPage(shown) {
  const overview = byId("overview");
  if (shown && !overview.hidden) scrolledTo = scrollY;
  overview.hidden = shown;
  byId("page").hidden = !shown;
}

function numberIn(address, pattern, limit) {
  const found = address.match(pattern);
  return found && Number(found[1]) < limit ? Number(found[1]) : null;
}

// Show the target of an address such as #row-17, #map-3 or #topics.
function route() {
  const address = decodeURIComponent(location.hash);
  const row = SHARES ? numberIn(address, /^#row-(\d+)$/, DATA.nRows) : null;
  closeFound();
  if (row !== null) {
    showPage(true);
    showRow(row);
    document.title = titleOf(row);
    scrollTo(0, 0);
    byId("page").focus({ preventScroll: true });
    return;
  }
  const cameBack = byId("overview").hidden;
  showPage(false);
  document.title = TITLE;
  const mapTopic = numberIn(address, /^#map-(\d+)$/, DATA.nTopics);
  const mapRow = numberIn(address, /^#map-row-(\d+)$/, DATA.nRows);
  const listTopic = numberIn(address, /^#documents-(\d+)$/, DATA.nTopics);
  if (mapTopic !== null) chooseMapTopic(mapTopic);
  if (mapRow !== null) chooseRow(mapRow);
  if (listTopic !== null && SHARES) chooseListTopic(listTopic);
  const target = byId(address.slice(1).replace(/^(map|documents)-.*$/, "$1"));
  if (target) {
    target.scrollIntoView();
    if (target.classList.contains("topic")) target.focus({ preventScroll: true });
  } else if (cameBack) {
    scrollTo(0, scrolledTo);
  }
}

const TITLE = document.title;
Bokeh.set_log_level("warn");
readData().then(() => {
  startSearch();
  startTopicTable();
  if (SHARES) startList();
  startMap();
  startTheme();
  addEventListener("hashchange", route);
  if (location.hash) route();
});
