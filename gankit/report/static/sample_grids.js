// The sample grids of all runs. One slider selects the step, from all steps that any run has.

const PAUSE = 300; // Milliseconds between two grids while playing.
const REDUCED_MOTION_PAUSE = 1000;

class SampleGrids {
  // `onStep` is called with the selected step.
  constructor(runs, onStep) {
    this.runs = runs;
    this.onStep = onStep;
    const steps = new Set(runs.flatMap((run) => run.grids.map((grid) => grid.step)));
    this.steps = [...steps].sort((a, b) => a - b);
    this.slider = document.getElementById("step");
    this.label = document.getElementById("step-text");
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

  get position() {
    return Number(this.slider.value);
  }

  show() {
    const step = this.steps[this.position];
    const text = `after step ${DIGITS.format(step)}`;
    this.slider.setAttribute("aria-valuetext", text);
    this.label.textContent = text;
    this.runs.forEach((run, i) => this.paint(run, i, step));
    this.onStep(step);
  }

  // A run without a grid of this step shows its last grid before it.
  paint(run, i, step) {
    const image = document.querySelector(`img[data-run="${i}"]`);
    if (!image) return;
    const grid = run.grids[lastAtMost(run.grids.map((g) => g.step), step)];
    const text = grid ? `after step ${DIGITS.format(grid.step)}` : "no grid yet";
    const caption = document.querySelector(`[data-caption="${i}"]`);
    if (grid) image.src = grid.uri;
    image.classList.toggle("absent", !grid);
    image.alt = `Images that ${run.name} generated from the same noise, ${text}`;
    caption.textContent = text;
    caption.classList.toggle("earlier", grid?.step !== step);
  }

  play() {
    if (this.position >= this.steps.length - 1) this.slider.value = 0;
    this.button.textContent = "Pause";
    this.label.setAttribute("aria-live", "off");
    this.show();
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.timer = setInterval(() => this.next(), reduced ? REDUCED_MOTION_PAUSE : PAUSE);
  }

  next() {
    this.slider.value = this.position + 1;
    this.show();
    if (this.position >= this.steps.length - 1) this.pause();
  }

  pause() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "Play";
    this.label.setAttribute("aria-live", "polite");
  }
}
