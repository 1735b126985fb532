// Pictures that a network takes: those of the page, and one's own.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const scaled = (level) => (level - 127.5) / 127.5;

  // Returns the page's pictures, values in [-1, 1] by height, width, channels.
  explorer.sourceImages = ({ pictures }) =>
    pictures.map((text) => Float32Array.from(atob(text), (byte) => scaled(byte.charCodeAt(0))));

  // Returns a button that reads a picture file; calls `onPicture` with its values, of the pictures'
  // shape, and its name.
  explorer.opener = ({ shape, kind }, onPicture) => {
    const input = element("input", { type: "file", accept: "image/*" });
    const note = element("p", { className: "explorer__note", role: "status" }, advice(kind));
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (!file) return;
      try {
        onPicture(valuesOf(await read(file), shape), file.name);
        note.textContent = advice(kind);
      } catch {
        note.textContent = `${file.name} is not a picture that this browser reads.`;
      }
      input.value = ""; // So that the same file can be opened again.
    });
    const label = element("label", { className: "explorer__chip" }, input,
      element("span", {}, "Open a picture\u2026"));
    const line = element("div", { className: "explorer__chips" }, label);
    return element("div", { className: "explorer__field" }, line, note);
  };

  const advice = (kind) =>
    `A picture of your own replaces the left one${
      kind ? `; the run's sources are: ${kind}` : ""}.`;

  // Returns the picture of a file. Its address is a data URL, the only one that the page may load.
  async function read(file) {
    const address = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.addEventListener("load", () => resolve(reader.result));
      reader.addEventListener("error", reject);
      reader.readAsDataURL(file);
    });
    const image = element("img", { src: address });
    await image.decode();
    return image;
  }

  // Returns an image's values: scaled to cover the shape, its sides cut off evenly, transparent
  // pixels black, grey by the luma of ITU-R 601-2, as gankit does with pictures of a folder.
  function valuesOf(image, [height, width, channels]) {
    const canvas = element("canvas", { width, height });
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
    const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
    context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
    const { data } = context.getImageData(0, 0, width, height);
    const values = new Float32Array(width * height * channels);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const [red, green, blue] = data.subarray(pixel * 4, pixel * 4 + 3);
      const grey = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
      const levels = channels === 3 ? [red, green, blue] : Array(channels).fill(grey);
      values.set(levels.map(scaled), pixel * channels);
    }
    return values;
  }
})();
