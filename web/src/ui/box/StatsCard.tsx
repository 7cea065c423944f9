import type { BoxStats } from '../../client/box'
import { bytes, duration } from '../parts/format'
import { useStrings } from '../strings'
import { Chart, type Line } from './Chart'

/** The last two minutes as charts, and what is true right now as numbers. */
export function StatsCard({ stats }: { stats: readonly BoxStats[] }) {
  const { box: words } = useStrings()
  const now = stats.at(-1)
  const line = (label: string, color: string, value: Value): Line => lineOf(stats, label, color, value)
  const times = stats.map(({ at_ms }) => at_ms / 1000)
  return (
    <section className="card" aria-labelledby="box-title">
      <h2 id="box-title">{words.title}</h2>
      <div className="charts">
        <Chart
          title={words.voicesOf(now?.capacity_voices ?? null)}
          unit=""
          times={times}
          lines={[
            line(words.voices, '--accent', (second) => second.live_voices),
            line(words.limitLine, '--noise', (second) => second.max_streams),
          ]}
        />
        <Chart
          title={words.delay}
          unit=" ms"
          times={times}
          lines={[
            line('p50', '--accent', (second) => second.delay_ms_p50),
            line('p95', '--warn', (second) => second.delay_ms_p95),
            line('p99', '--alarm', (second) => second.delay_ms_p99),
          ]}
        />
        <Chart
          title={words.batch}
          unit=""
          times={times}
          lines={[line(words.batch, '--accent', (second) => second.batch_size_mean)]}
        />
        {now?.temperature_c != null && (
          <Chart
            title={now.throttled === true ? `${words.temperature}, ${words.throttled}` : words.temperature}
            unit=" °C"
            times={times}
            lines={[line(words.temperature, '--warn', (second) => second.temperature_c)]}
          />
        )}
        <Chart
          title={words.drops}
          unit=""
          times={times}
          lines={[
            line(words.late, '--warn', (second) => second.late_frames_per_s),
            line(words.dropped, '--alarm', (second) => second.dropped_packets_per_s),
            line(words.lost, '--ink', (second) => second.lost_packets_per_s),
            line(words.unsent, '--noise', (second) => second.unsent_packets_per_s),
          ]}
        />
      </div>
      {now !== undefined && <BoxFacts now={now} />}
    </section>
  )
}

type Value = (stats: BoxStats) => number | null

function lineOf(stats: readonly BoxStats[], label: string, color: string, value: Value): Line {
  return { label, color, values: stats.map(value) }
}

function BoxFacts({ now }: { now: BoxStats }) {
  const { box: words, time } = useStrings()
  return (
    <dl className="facts box-facts">
      {[
        [words.connections, now.connections],
        [words.files, now.file_streams + now.jobs_queued],
        [words.roomsAndListeners, `${now.rooms}, ${now.listeners}`],
        [words.cpu, now.cpu_percent === null ? '–' : `${Math.round(now.cpu_percent)} %`],
        [words.memory, now.memory_bytes === null ? '–' : bytes(now.memory_bytes)],
        [words.disk, now.disk_free_bytes === null ? '–' : bytes(now.disk_free_bytes)],
        [words.uptime, duration(now.uptime_s, time)],
      ].map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
