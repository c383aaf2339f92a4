// Texts that outlive the message they were cut from.

/** The same text by itself: a piece of a text keeps all of that text in memory for as long as it lives. */
export const ownText = (text: string): string => Buffer.from(text).toString()
