// The theme of a page, the shapes of its elements (see html_shapes.py), and those of its elements with text. The first
// element of each shape is kept in window.elementsByShape.
async (attributes) => {
  const [text, valued, ofLooks, unseen] = attributes.map((names) => new Set(names));
  const isOfLooks = ({ name }) => ofLooks.has(name) || (name.startsWith("aria-") && !text.has(name));
  const isSeen = ({ name }) => !unseen.has(name) && !/^(data|hx)-/.test(name);

  // cyrb53, a hash of 53 bits.
  const hash = (words) => {
    let high = 0xdeadbeef, low = 0x41c6ce57;
    for (let place = 0; place < words.length; place++) {
      const code = words.charCodeAt(place);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const describe = (attribute) => {
    const { name, value } = attribute;
    if (text.has(name)) return value.trim() ? name : `${name} empty`;
    return valued.has(name) || name.startsWith("aria-") ? `${name}=${value}` : name;
  };
  const isSpacing = (name) => /^[mp][tbsexy]?-\w+$/.test(name);
  const describeLooks = (element, attributes) => [
    element.localName,
    [...element.classList].filter((name) => !isSpacing(name)).sort().join("."),
    ...attributes.filter((one) => one.name !== "class" && isOfLooks(one)).map(describe).sort(),
    hasText(element),
    element.labels ? element.labels.length : "",
    element.disabled,
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }),
  ].join(" ");

  await new Promise(requestAnimationFrame); // a change of the theme has been applied by then
  const shapes = new Map(), readable = new Set(), elements = new Map();
  for (const element of document.querySelectorAll("*")) {
    const attributes = [...element.attributes], looks = describeLooks(element, attributes);
    const others = attributes.filter((one) => !isOfLooks(one) && isSeen(one)).map(describe).sort();
    const shape = hash(`${shapes.get(element.parentElement)} ${looks}`);
    shapes.set(element, shape);
    for (const one of [shape, hash([looks, ...others].join(" "))]) if (!elements.has(one)) elements.set(one, element);
    if (hasText(element) || element.matches("input, select, textarea")) readable.add(shape);
  }
  window.elementsByShape = elements;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  return [document.documentElement.dataset.bsTheme ?? system, [...elements.keys()], [...readable]];
}
