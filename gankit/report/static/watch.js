// Renews a watched page when the runs' files have changed, and keeps what its reader looks at.

const EVERY = 2000; // Milliseconds between two looks at the files.
const KEPT = "gankit-watched";

class WatchedPage {
  // `grids` is null if the page has no grids.
  constructor(grids) {
    this.grids = grids;
    this.note = document.getElementById("watched");
    this.mark = this.note.dataset.mark;
    this.restore();
    setInterval(() => this.look(), EVERY);
  }

  async look() {
    if (this.grids?.timer) return; // The grids play.
    let answer;
    try {
      answer = await fetch("/mark", { cache: "no-store" });
    } catch {
      this.note.textContent = "The command has ended: this page is no longer renewed.";
      return;
    }
    const text = await answer.text();
    if (!answer.ok) this.note.textContent = text;
    else if (text !== this.mark) this.renew();
  }

  renew() {
    const grids = this.grids;
    const last = !grids || grids.position === grids.steps.length - 1;
    const kept = {
      scroll: window.scrollY,
      step: last ? null : grids.steps[grids.position], // The last grid stays the last.
      focus: document.activeElement?.id ?? "",
      open: Array.from(document.querySelectorAll("details"), (part) => part.open),
    };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    location.reload();
  }

  restore() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
    if (!kept) return;
    document.querySelectorAll("details").forEach((part, i) => {
      part.open = kept.open[i] ?? part.open;
    });
    const place = this.grids ? this.grids.steps.indexOf(kept.step) : -1;
    if (place >= 0) {
      this.grids.slider.value = place;
      this.grids.show();
    }
    if (kept.focus) document.getElementById(kept.focus)?.focus({ preventScroll: true });
    window.scrollTo(0, kept.scroll);
  }
}
