// What would not be read on white paper: navigation that is printed, text of less than 4.5 : 1 against white, dark grounds.
() => {
  const faults = new Set();
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const resolve = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const named = (one) => `${one.tagName.toLowerCase()}.${one.getAttribute("class") || ""}`;
  for (const one of document.querySelectorAll(".topbar, .sidebar, nav, button, .btn, #messages"))
    if (one.checkVisibility()) faults.add(`${named(one)} is printed`);
  for (const one of document.body.querySelectorAll("*")) {
    if (!one.checkVisibility() || one.closest(".visually-hidden, svg, script, template")) continue;
    const style = getComputedStyle(one), ground = resolve(style.backgroundColor);
    if (ground.alpha > 0.1 && light(ground.rgb) < 0.75) faults.add(`${named(one)} has the background ${style.backgroundColor}`);
    const isText = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (isText && 1.05 / (light(resolve(style.color).rgb) + 0.05) < 4.5)
      faults.add(`${named(one)} is ${style.color}: ${one.textContent.trim().slice(0, 30)}`);
  }
  const sheet = getComputedStyle(document.body).backgroundColor;
  if (light(resolve(sheet).rgb) < 0.99) faults.add(`the sheet is ${sheet}`);
  return [...faults];
}
