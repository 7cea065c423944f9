/** The loudest bar leaves some of the picture free, so that it touches nothing above or below. */
const TALLEST = 0.9

/**
 * The share of the picture's height that a peak in [0, 1] fills.
 * A square root spreads quiet sounds, which linear heights would hide; speech at a usual level fills the picture.
 */
export function barShare(peak: number): number {
  return Math.min(TALLEST, 1.5 * Math.sqrt(peak))
}
