/**
 * Text as a JSON string. What a terminal would obey or not show (control,
 * zero-width and direction-changing characters) is written as an escape, so
 * that a hostile name reads as what it is.
 */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** {@link quoted}, cut to `limit` characters with a mark that tells the whole length. */
export const quotedShort = (text: string, limit = 60): string =>
  text.length <= limit ? quoted(text) : `${quoted(text.slice(0, limit))}… (${text.length} characters)`
