/** Hushbox for other pages: the clean track of a MediaStream, for any web call. */
export { createDenoisedStream, type DenoisedStreamOptions } from './create-denoised-stream'
export { HushboxError } from '../client/errors'
export { pair, type Grant } from '../client/pairing'
export type { Truth } from '../client/truth'
