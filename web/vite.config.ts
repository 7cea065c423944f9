import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const BOX = 'http://localhost:8080'

export default defineConfig({
  plugins: [react()],
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
