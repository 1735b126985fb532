// The page comes alive: what is drawn lies in it as JSON.

function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function explore() {
  for (const place of document.querySelectorAll("[data-explorer]")) {
    window.gankitExplorer.mount(place, embedded(`explorer-${place.dataset.explorer}`));
  }
}

function begin() {
  const data = embedded("report-data");
  const charts = document.getElementById("charts") ? new Charts(data) : null;
  if (document.getElementById("player")) {
    new Pictures(data.runs, (step) => charts?.mark(step));
  }
  explore();
}

document.addEventListener("DOMContentLoaded", begin);
