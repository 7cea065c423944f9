import { useState, type SubmitEvent } from 'react'
import type { Role } from '../../client'
import type { BoxDesk } from '../../client/box-desk'
import { useStrings } from '../strings'

const HOUR_S = 3600
const DAY_S = 24 * HOUR_S

/** What the next invitation shall be good for. */
export function InvitationForm({ desk }: { desk: BoxDesk }) {
  const { box: words, rooms } = useStrings()
  const [wish, setWish] = useState({ role: 'speaker' as Role, expiresInS: DAY_S, maxUses: 1, label: '' })
  const create = (event: SubmitEvent) => {
    event.preventDefault()
    void desk.invite({ ...wish, label: wish.label.trim() })
  }
  return (
    <form className="invitation-form" onSubmit={create}>
      <label className="field">
        <span>{words.role}</span>
        <select
          value={wish.role}
          onChange={(event) => setWish({ ...wish, role: event.target.value as Role })}
        >
          {(['speaker', 'listener', 'owner'] as const).map((role) => (
            <option key={role} value={role}>
              {rooms.roles[role]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{words.expires}</span>
        <select
          value={wish.expiresInS}
          onChange={(event) => setWish({ ...wish, expiresInS: Number(event.target.value) })}
        >
          <option value={HOUR_S}>{words.hour}</option>
          <option value={DAY_S}>{words.day}</option>
          <option value={30 * DAY_S}>{words.month}</option>
        </select>
      </label>
      <label className="field">
        <span>{words.uses}</span>
        <select
          value={wish.maxUses}
          onChange={(event) => setWish({ ...wish, maxUses: Number(event.target.value) })}
        >
          <option value={1}>{words.once}</option>
          <option value={10}>10</option>
          <option value={0}>{words.unlimited}</option>
        </select>
      </label>
      <label className="field">
        <span>{words.label}</span>
        <input
          type="text"
          maxLength={60}
          value={wish.label}
          onChange={(event) => setWish({ ...wish, label: event.target.value })}
        />
      </label>
      <button type="submit" className="primary">
        {words.create}
      </button>
    </form>
  )
}
