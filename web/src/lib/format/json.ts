/** Indents JSON text without reading it into numbers, so that `1.0` and 20-digit integers stay as they were sent. */
export function indentJson(text: string): string {
  let out = '';
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (isString) {
      out += char;
      if (char === '\\') out += text.charAt(++index);
      else if (char === '"') isString = false;
    } else if (char === '"') {
      isString = true;
      out += char;
    } else if (char === '{' || char === '[') {
      const close = text.slice(index + 1).match(/^\s*[}\]]/);
      if (close) {
        out += char + close[0].trim();
        index += close[0].length;
      } else {
        depth += 1;
        out += `${char}\n${'  '.repeat(depth)}`;
      }
    } else if (char === '}' || char === ']') {
      depth = Math.max(0, depth - 1);
      out += `\n${'  '.repeat(depth)}${char}`;
    } else if (char === ',') {
      out += `,\n${'  '.repeat(depth)}`;
    } else if (char === ':') {
      out += ': ';
    } else if (!/\s/.test(char)) {
      out += char;
    }
  }
  return out;
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
