// All charts of the page. They show the same steps and runs with the same smoothing.

const KEYS = {
  "+": "in", "=": "in", "-": "out", "_": "out", ArrowLeft: "left", ArrowRight: "right",
  "0": "reset", Escape: "reset", Home: "reset",
};
const FEWEST_STEPS = 2; // The narrowest domain.

class Charts {
  constructor(data) {
    const ends = data.charts.flatMap((chart) => chart.series.map((s) => s.last.at(-1) ?? 1));
    this.allSteps = [1, Math.max(2, ...ends)];
    this.shown = new Set(data.runs.keys());
    this.domain = [...this.allSteps];
    this.smooth = Number(document.getElementById("smooth").value);
    this.step = 0;
    const parent = document.getElementById("charts");
    this.charts = data.charts.map((spec) => new Chart(parent, spec, data.runs));
    for (const chart of this.charts) this.listen(chart);
    this.controls();
    new ResizeObserver(() => this.draw()).observe(parent);
    this.draw();
  }

  draw() {
    for (const chart of this.charts) chart.draw(this);
  }

  show(from, to) {
    const [first, last] = this.allSteps;
    const width = Math.min(last - first, Math.max(FEWEST_STEPS, to - from));
    const start = Math.min(Math.max(first, from), last - width);
    this.domain = [start, start + width];
    this.draw();
  }

  // Narrow or widen the domain; `step` stays at its position.
  zoom(factor, step = (this.domain[0] + this.domain[1]) / 2) {
    this.show(step - (step - this.domain[0]) * factor, step + (this.domain[1] - step) * factor);
  }

  move(share) {
    const by = (this.domain[1] - this.domain[0]) * share;
    this.show(this.domain[0] + by, this.domain[1] + by);
  }

  act(name) {
    if (name === "in") this.zoom(0.5);
    if (name === "out") this.zoom(2);
    if (name === "left") this.move(-0.25);
    if (name === "right") this.move(0.25);
    if (name === "reset") this.show(...this.allSteps);
  }

  // Mark the step of the sample grids in every chart.
  mark(step) {
    this.step = step;
    for (const chart of this.charts) chart.point(step);
  }

  controls() {
    const tools = document.getElementById("tools");
    tools.hidden = false;
    for (const button of tools.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.act(button.dataset.zoom));
    }
    document.getElementById("smooth").addEventListener("input", (event) => {
      this.smooth = Number(event.target.value);
      this.draw();
    });
    for (const box of document.querySelectorAll("[data-shown]")) {
      box.addEventListener("change", () => this.toggle(Number(box.dataset.shown), box.checked));
    }
  }

  toggle(run, visible) {
    if (visible) this.shown.add(run);
    else this.shown.delete(run);
    this.draw();
  }

  listen(chart) {
    chart.box.addEventListener("keydown", (event) => this.key(event));
    chart.svg.addEventListener("pointermove", (event) => this.pointer(chart, event));
    chart.svg.addEventListener("pointerdown", (event) => this.press(chart, event));
    chart.svg.addEventListener("pointerup", (event) => this.release(chart, event));
    chart.svg.addEventListener("pointercancel", () => this.cancel(chart));
    chart.svg.addEventListener("pointerleave", () => this.leave());
    chart.svg.addEventListener("dblclick", () => this.act("reset"));
    chart.svg.addEventListener("wheel", (event) => this.wheel(chart, event), { passive: false });
  }

  key(event) {
    const name = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
    if (!name) return;
    event.preventDefault();
    this.act(name);
  }

  // The wheel zooms a focused chart, or any chart with Ctrl; otherwise it scrolls the page.
  wheel(chart, event) {
    if (!event.ctrlKey && !chart.box.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? 0.8 : 1.25, chart.stepAt(event.clientX));
  }

  press(chart, event) {
    if (event.button !== 0) return;
    chart.box.focus({ preventScroll: true });
    chart.svg.setPointerCapture(event.pointerId);
    this.from = chart.stepAt(event.clientX);
  }

  pointer(chart, event) {
    const step = chart.stepAt(event.clientX);
    for (const each of this.charts) each.hover(step);
    if (this.from !== undefined) chart.select(this.from, step);
  }

  release(chart, event) {
    if (this.from === undefined) return;
    const ends = [this.from, chart.stepAt(event.clientX)].sort((a, b) => a - b);
    this.cancel(chart);
    if (chart.x(ends[1]) - chart.x(ends[0]) > 8) this.show(...ends);
  }

  leave() {
    for (const chart of this.charts) chart.leave();
  }

  cancel(chart) {
    this.from = undefined;
    chart.select(0, 0);
  }
}
