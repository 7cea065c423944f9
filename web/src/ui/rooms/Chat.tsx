import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import type { RoomDesk } from '../../client/room-desk'
import { timeOfDay } from '../parts/format'
import { useSpoken } from '../strings'

/** What the people of a room write to each other. */
export function Chat({ desk }: { desk: RoomDesk }) {
  const { language, strings } = useSpoken()
  const words = strings.rooms
  const [text, setText] = useState('')
  const end = useRef<HTMLLIElement>(null)
  const { messages } = desk
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [messages.length])
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    if (text.trim() !== '' && (await desk.chat(text.trim()))) setText('')
  }
  return (
    <section className="card chat" aria-labelledby="chat-title">
      <h2 id="chat-title">{words.chat}</h2>
      <div role="log" aria-labelledby="chat-title" tabIndex={0} className="scrolling">
        <ul>
          {messages.map((message) => (
            <li key={message.number} ref={message === messages.at(-1) ? end : null}>
              <small>
                {message.display_name} · {timeOfDay(message.at_ms, language, 'short')}
              </small>
              <p>{message.text}</p>
            </li>
          ))}
        </ul>
      </div>
      <form onSubmit={(event) => void send(event)}>
        <input
          type="text"
          aria-label={words.message}
          placeholder={words.message}
          maxLength={1000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit">{words.send}</button>
      </form>
    </section>
  )
}
