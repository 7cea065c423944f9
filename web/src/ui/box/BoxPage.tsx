import { useEffect } from 'react'
import { useChanges } from '../parts/use-changes'
import type { NoticeEvent } from '../shell/notices'
import type { Session } from '../shell/session'
import { useStrings } from '../strings'
import { CapacityCard } from './CapacityCard'
import { EventList } from './EventList'
import { InvitationsCard } from './InvitationsCard'
import { LimitsCard } from './LimitsCard'
import { LogCard } from './LogCard'
import { SessionsCard } from './SessionsCard'
import { StatsCard } from './StatsCard'
import 'uplot/dist/uPlot.min.css'

export interface BoxPageProps {
  session: Session
  tell: (event: NoticeEvent) => void
}

/** The owner's page: how the box breathes, who is there, and what may be changed. */
export function BoxPage({ session, tell }: BoxPageProps) {
  const { shell } = useStrings()
  const desk = session.box()
  useChanges(desk)
  useEffect(
    () => desk.on('error', (error) => tell({ type: 'failed', cause: 'passing', error })),
    [desk, tell],
  )
  const { all } = desk
  if (all === null) return <p role="status">{shell.loading}</p>
  return (
    <div className="column box-page">
      <StatsCard stats={all.stats} />
      <div className="workbench">
        <div className="column">
          <InvitationsCard desk={desk} invitations={all.invitations} />
          <SessionsCard desk={desk} sessions={all.sessions} />
        </div>
        <div className="column">
          <EventList events={all.events} />
          <LimitsCard key={JSON.stringify(all.limits)} desk={desk} limits={all.limits} />
          <CapacityCard desk={desk} capacity={all.capacity} now={all.stats.at(-1)} />
          <LogCard desk={desk} tell={tell} />
        </div>
      </div>
    </div>
  )
}
