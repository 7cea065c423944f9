import { expectTypeOf, test } from 'vitest'
import type * as Declared from '../../public/library/hushbox'
import type * as Real from '../../src/library'

test('the types that are shipped are those of the code', () => {
  expectTypeOf<typeof Real.createDenoisedStream>().toExtend<typeof Declared.createDenoisedStream>()
  expectTypeOf<Declared.DenoisedStreamOptions['onTruth']>().toEqualTypeOf<
    Real.DenoisedStreamOptions['onTruth']
  >()
  expectTypeOf<keyof Declared.DenoisedStreamOptions>().toEqualTypeOf<keyof Real.DenoisedStreamOptions>()
  expectTypeOf<typeof Real.pair>().toEqualTypeOf<typeof Declared.pair>()
  expectTypeOf<Real.Truth>().toEqualTypeOf<Declared.Truth>()
  expectTypeOf<Real.HushboxError>().toExtend<Declared.HushboxError>()
})
