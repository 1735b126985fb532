// The images: a large one, and all of the seed beside it to choose from.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const MOST_SHOWN_PIXELS = 360; // Length of the large image's longer side.
  const MOST_PAIR_PIXELS = 240; // The same beside its source.

  // Returns `count` images as {root, paint, enlarge, source, caption, describe, save}, with the
  // source of the large one beside it if `source` is its shape; calls `onChoose` with the number of
  // a clicked image.
  explorer.view = ([height, width, channels], count, source, onChoose) => {
    const shape = [height, width, channels];
    const canvas = (properties) => element("canvas", { width, height, ...properties });
    const large = canvas({ className: "explorer__picture", role: "img", "aria-label": "" });
    const small = Array.from({ length: count }, () => canvas({ "aria-hidden": "true" }));
    const buttons = small.map((image, number) => imageButton(image, number, onChoose));
    const caption = element("p", {
      className: "explorer__caption", role: "status", "aria-live": "polite",
    });
    const strip = element("div", {
      className: "explorer__strip", role: "group", "aria-label": "images of this seed",
    }, ...buttons);
    const before = source && element("canvas", {
      width: source[1], height: source[0], className: "explorer__source", role: "img",
      "aria-label": "the picture that it is made from",
    });
    const shown = before ? element("div", { className: "explorer__pair" }, before, large) : large;
    const root = element("div", { className: "explorer__view" }, shown, caption, strip);
    const most = before ? MOST_PAIR_PIXELS : MOST_SHOWN_PIXELS;
    const factor = Math.max(1, Math.floor(most / Math.max(width, height)));
    root.style.setProperty("--explorer-side", `${width * factor * (before ? 2 : 1)}px`);
    return {
      root,
      source: (image) => explorer.paint(before, source, image),
      paint: (number, image) => explorer.paint(small[number], shape, image),
      enlarge: (image) => explorer.paint(large, shape, image),
      describe: (text) => large.setAttribute("aria-label", text),
      save: (name) => explorer.save(large, name),
      caption: (text, chosen) => {
        caption.textContent = text;
        buttons.forEach((button, number) =>
          button.setAttribute("aria-pressed", String(number === chosen)));
      },
    };
  };

  function imageButton(image, number, onChoose) {
    const button = element("button", {
      type: "button", className: "explorer__small", "aria-label": `image ${number + 1}`,
    }, image);
    button.addEventListener("click", () => onChoose(number));
    return button;
  }
})();
