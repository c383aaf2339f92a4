// The frame: what a tick works on. All PCM is 16-bit at one rate; another rate would be a property of the mix, not of this file.

/** Samples per second in a mix. */
export const sampleRate = 8000
export const frameMs = 20
export const frameSamples = (sampleRate * frameMs) / 1000

/** A frame of silence. Never written to. */
export const silence = new Int16Array(frameSamples)
