// The images: a large one, and all of the seed beside it to choose from.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const MOST_SHOWN_PIXELS = 360; // Length of the large image's longer side.

  // Returns `count` images as {root, paint, enlarge, caption, describe, save}; calls `onChoose`
  // with the number of a clicked image.
  explorer.view = ([height, width, channels], count, onChoose) => {
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
    const root = element("div", { className: "explorer__view" }, large, caption, strip);
    const factor = Math.max(1, Math.floor(MOST_SHOWN_PIXELS / Math.max(width, height)));
    root.style.setProperty("--explorer-side", `${width * factor}px`);
    return {
      root,
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
