// Gives the texts of a page whose contrast with the ground behind them is less than 4.5 to 1.

const HIDDEN = "[aria-hidden=true], .leap, noscript, script, .hidden, .span";

function parse(text) {
  const [red, green, blue, alpha = 1] = text.match(/[\d.]+(e-\d+)?/g).map(Number);
  return text.startsWith("color(srgb") ? [255 * red, 255 * green, 255 * blue, alpha] : [red, green, blue, alpha];
}

function over(top, under) {
  return [0, 1, 2].map((place) => top[place] * top[3] + under[place] * (1 - top[3])).concat(1);
}

function light(color) {
  const [red, green, blue] = color.map((value) => value / 255).map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ground(node) {
  const found = [];
  for (let at = node; at; at = at.parentElement) found.unshift(parse(getComputedStyle(at).backgroundColor));
  return found.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
}

function contrast(node) {
  const back = ground(node), ink = over(parse(getComputedStyle(node).color), back);
  const [dark, bright] = [light(back), light(ink)].sort((one, other) => one - other);
  return (bright + 0.05) / (dark + 0.05);
}

const texts = [...document.querySelectorAll("body *")].filter((node) =>
  !node.closest(HIDDEN) && [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim()));
return texts.filter((node) => contrast(node) < 4.5).map((node) => `${node.className || node.tagName} ${contrast(node).toFixed(2)}`);
