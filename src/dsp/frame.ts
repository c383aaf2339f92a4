// The frame: what a tick works on. PCM is 16-bit and mono; how many samples a frame has depends on its rate.

export const frameMs = 20

/** Samples of a frame at a rate. */
export const samplesPerFrame = (rate: number): number => (rate * frameMs) / 1000
