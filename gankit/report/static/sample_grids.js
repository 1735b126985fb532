// The sample grids of every run, moved by one slider over all rounds that any of them has.

const PAUSE = 300;
const CALM_PAUSE = 1000;

class Pictures {
  constructor(runs, moved) {
    this.runs = runs;
    this.moved = moved;
    const steps = new Set(runs.flatMap((run) => run.grids.map((grid) => grid.step)));
    this.steps = [...steps].sort((a, b) => a - b);
    this.slider = document.getElementById("step");
    this.said = document.getElementById("step-said");
    this.button = document.getElementById("play");
    this.timer = null;
    this.start();
  }

  start() {
    this.slider.max = this.steps.length - 1;
    this.slider.value = this.slider.max;
    this.slider.addEventListener("input", () => {
      this.pause();
      this.show();
    });
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    document.getElementById("player").hidden = false;
    this.show();
  }

  get place() {
    return Number(this.slider.value);
  }

  show() {
    const step = this.steps[this.place];
    const words = `after step ${DIGITS.format(step)}`;
    this.slider.setAttribute("aria-valuetext", words);
    this.said.textContent = words;
    this.runs.forEach((run, i) => this.paint(run, i, step));
    this.moved(step);
  }

  // A run that has no grid of this step shows the one before.
  paint(run, i, step) {
    const image = document.querySelector(`img[data-run="${i}"]`);
    if (!image) return;
    const grid = run.grids[lastAtMost(run.grids.map((g) => g.step), step)];
    const words = grid ? `after step ${DIGITS.format(grid.step)}` : "no grid yet";
    const caption = document.querySelector(`[data-caption="${i}"]`);
    if (grid) image.src = grid.uri;
    image.classList.toggle("absent", !grid);
    image.alt = `Images that ${run.name} made of the same noise, ${words}`;
    caption.textContent = words;
    caption.classList.toggle("earlier", grid?.step !== step);
  }

  play() {
    if (this.place >= this.steps.length - 1) this.slider.value = 0;
    this.button.textContent = "Pause";
    this.said.setAttribute("aria-live", "off");
    this.show();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.timer = setInterval(() => this.step(), calm ? CALM_PAUSE : PAUSE);
  }

  step() {
    this.slider.value = this.place + 1;
    this.show();
    if (this.place >= this.steps.length - 1) this.pause();
  }

  pause() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "Play";
    this.said.setAttribute("aria-live", "polite");
  }
}
