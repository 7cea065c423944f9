import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const BOX = 'http://localhost:8080'
const STYLE_ELEMENT = /<style[\s\S]*?<\/style>/

/** The box's security policy allows no style elements; what this one says lies in `waveform-shadow.css`. */
function waveformWithoutStyleElement(): Plugin {
  return {
    name: 'waveform-without-style-element',
    transform(code, id) {
      if (!id.includes('/wavesurfer.js/dist/')) return null
      if (!STYLE_ELEMENT.test(code)) this.error('wavesurfer.js has changed: its style element was not found.')
      return { code: code.replace(STYLE_ELEMENT, ''), map: null }
    },
  }
}

export default defineConfig({
  plugins: [react(), waveformWithoutStyleElement()],
  build: {
    target: 'es2022',
    // The box sends a strict content security policy: nothing may be inlined as a data: script or style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The licences of the libraries inside ask for their notice.
    license: { fileName: 'licenses.md' },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': { target: BOX },
      '/socket.io': { target: BOX, ws: true },
    },
  },
  test: { include: ['tests/**/*.test.{ts,tsx}'], environment: 'node' },
})
