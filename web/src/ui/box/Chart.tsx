import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useStrings } from '../strings'

export interface Line {
  label: string
  /** A colour of the page, as `--accent`. */
  color: string
  values: (number | null)[]
}

export interface ChartProps {
  title: string
  /** Written behind each value, with its space. */
  unit: string
  /** Unix seconds. */
  times: number[]
  lines: Line[]
}

const HEIGHT_PX = 130

/** A small chart that slides along; the present values stand above it. */
export function Chart({ title, unit, times, lines }: ChartProps) {
  const { box: words } = useStrings()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const shape = lines.map(({ label, color }) => `${label} ${color}`).join()
  const data = [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData
  const latest = useRef(data)
  useEffect(() => {
    latest.current = data
    plot.current?.setData(data)
  })
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(element, shape), latest.current, element)
    }
    draw()
    const resizing = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX })
    })
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    resizing.observe(element)
    scheme.addEventListener('change', draw)
    return () => {
      resizing.disconnect()
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])
  const texts = lines.map(({ label, color, values }) => ({ label, color, text: textOf(values.at(-1), unit) }))
  const spoken = texts.map(({ label, text }) => `${label} ${text ?? words.noValue}`).join(', ')
  return (
    <figure className="chart">
      <figcaption>
        <span>{title}</span>
        <span className="chart-values" aria-hidden="true">
          {texts.map(({ label, color, text }) => (
            <span key={label}>
              <i style={{ background: `var(${color})` }} />
              {lines.length > 1 && <small>{label} </small>}
              {text ?? '–'}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} className="plot" role="img" aria-label={words.chartText(title, spoken)} />
    </figure>
  )
}

function textOf(value: number | null | undefined, unit: string): string | null {
  if (value == null) return null
  return `${Number(value.toFixed(value < 10 ? 1 : 0))}${unit}`
}

function optionsOf(element: HTMLElement, shape: string): uPlot.Options {
  const style = getComputedStyle(element)
  const soft = style.getPropertyValue('--soft')
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 }
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, highest) => [0, Math.max(1, highest * 1.15)] } },
    axes: [
      { show: false },
      { stroke: soft, grid, ticks: { show: false }, size: 38, font: '11px system-ui, sans-serif' },
    ],
    series: [
      {},
      ...shape.split(',').map((line) => ({
        stroke: style.getPropertyValue(line.slice(line.lastIndexOf(' ') + 1)),
        width: 2,
        points: { show: false },
      })),
    ],
  }
}
