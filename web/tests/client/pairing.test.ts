import { afterEach, expect, test, vi } from 'vitest'
import { pair, redeemInvitation } from '../../src/client/pairing'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Answers as a box does, and keeps what was sent. */
function answerWith(body: object, status = 200) {
  const sent: unknown[] = []
  vi.stubGlobal('fetch', (url: string, { body: text }: { body: string }) => {
    sent.push({ url, ...(JSON.parse(text) as object) })
    return Promise.resolve(Response.json(body, { status }))
  })
  return sent
}

const GRANT = { token: 'new', expires_in_s: 60 }

test('who had a token before sends it along, and who had none sends none', async () => {
  const sent = answerWith({ ...GRANT, room: null })
  await pair('482915', '', 'former')
  await pair('482915')
  await redeemInvitation('code', 'https://box', 'former')
  expect(sent).toEqual([
    { url: '/api/v1/pair', pin: '482915', token: 'former' },
    { url: '/api/v1/pair', pin: '482915' },
    { url: 'https://box/api/v1/invitations/redeem', code: 'code', token: 'former' },
  ])
})

test('a refusal is told by its code', async () => {
  answerWith({ error: { code: 'pin_wrong', message: '…', retryable: true } }, 403)
  await expect(pair('000000')).rejects.toMatchObject({ code: 'pin_wrong' })
})

test('an invitation says for which room it is', async () => {
  answerWith({ ...GRANT, room: 'r-1' })
  expect(await redeemInvitation('code')).toMatchObject({ roomId: 'r-1', grant: { token: 'new' } })
})
