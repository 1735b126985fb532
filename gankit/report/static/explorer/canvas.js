// Draw images on a canvas, and save them as files.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const MOST_SAVED_PIXELS = 512; // Small images are enlarged up to this length of the longer side.

  // Draws values in [-1, 1] on a canvas of the image's size. Like gankit.visual.images.to_uint8,
  // the clamped array rounds to the nearest level and clips.
  explorer.paint = (canvas, [height, width, channels], values) => {
    const pixels = new ImageData(width, height);
    for (let at = 0; at < width * height; at++) {
      for (let c = 0; c < 3; c++) {
        const value = values[at * channels + (channels < 3 ? 0 : c)];
        pixels.data[at * 4 + c] = value * 127.5 + 127.5;
      }
      pixels.data[at * 4 + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  };

  // Saves the canvas as a PNG file; each pixel becomes a square.
  explorer.save = (canvas, name) => {
    const side = Math.max(canvas.width, canvas.height);
    const factor = Math.max(1, Math.floor(MOST_SAVED_PIXELS / side));
    const [width, height] = [canvas.width * factor, canvas.height * factor];
    const large = explorer.element("canvas", { width, height });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, width, height);
    explorer.element("a", { download: name, href: large.toDataURL("image/png") }).click();
  };
})();
