// Constants of ITU-T G.722 (11/1988, 09/2012): quantisers and their inverses (tables 14-18), scale factors (tables 11-13, 20), the QMF (table 11).
// Codes index the tables as they stand on the wire, so that no sign has to be taken apart.

/** Q6: upper ends of the 6-bit quantiser's intervals, eighths of the scale factor in twelve bits of fraction. */
export const decisionLevels = Int16Array.from([
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
  1458, 1612, 1765, 1980, 2195, 2557, 2919,
])

/** ILN: code of each interval of a negative difference; intervals count from 1. */
export const lowerNegative = Uint8Array.from([
  0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
])

/** ILP: the same for a positive difference. */
export const lowerPositive = Uint8Array.from([
  0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33,
  32,
])

/** QQ6: output of the 6-bit inverse quantiser by code. */
export const lowerOutput6 = Int16Array.from([
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
  -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808,
  21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008,
  3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
])

/** QQ4: output of the 4-bit inverse quantiser, which the predictor of both ends runs on. */
export const lowerOutput4 = Int16Array.from([
  0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
])

/** WL by the 4-bit code: step of the lower band's logarithmic scale factor. */
export const lowerStep = Int16Array.from([
  -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
])

/** QQ2: output of the upper band's inverse quantiser. */
export const upperOutput = Int16Array.from([-7408, -1616, 7408, 1616])

/** WH by code: step of the upper band's logarithmic scale factor. */
export const upperStep = Int16Array.from([798, -214, 798, -214])

/** ILB: 2048 · 2^(index / 32), the antilogarithm of the scale factor. */
export const antilog = Int16Array.from([
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
  3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
])

/** Even taps of the 24-tap quadrature mirror filter, thirteen bits of fraction; the odd ones are the same from the end. */
export const qmfTaps = Int16Array.from([3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11])
