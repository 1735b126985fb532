// Starts the page's charts, grids and explorers, with the data that the page contains as JSON.

function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function explore() {
  for (const element of document.querySelectorAll("[data-explorer]")) {
    window.gankitExplorer.mount(element, embedded(`explorer-${element.dataset.explorer}`));
  }
}

function begin() {
  const data = embedded("report-data");
  const charts = document.getElementById("charts") ? new Charts(data) : null;
  let grids = null;
  if (document.getElementById("player")) {
    grids = new SampleGrids(data.runs, (step) => charts?.mark(step));
  }
  explore();
  if (document.getElementById("watched")) new WatchedPage(grids);
}

document.addEventListener("DOMContentLoaded", begin);
