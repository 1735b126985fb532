// Images on canvases, and as files.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const SAVED = 512; // Pixels of a saved picture's longer side, at most, where it is enlarged.

  // Puts values in [-1, 1] on a canvas of the image's own size: a clamped array rounds to the
  // nearest level and clips, as gankit.visual.images.to_uint8 does.
  explorer.paint = (canvas, [height, width, channels], values) => {
    const picture = new ImageData(width, height);
    for (let at = 0; at < width * height; at++) {
      for (let c = 0; c < 3; c++) {
        const value = values[at * channels + (channels < 3 ? 0 : c)];
        picture.data[at * 4 + c] = value * 127.5 + 127.5;
      }
      picture.data[at * 4 + 3] = 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  };

  // Hands the canvas to the browser as a PNG file, each pixel a square of whole pixels.
  explorer.save = (canvas, name) => {
    const factor = Math.max(1, Math.floor(SAVED / Math.max(canvas.width, canvas.height)));
    const [width, height] = [canvas.width * factor, canvas.height * factor];
    const large = explorer.element("canvas", { width, height });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, width, height);
    explorer.element("a", { download: name, href: large.toDataURL("image/png") }).click();
  };
})();
