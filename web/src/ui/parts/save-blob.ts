/** Hands a file to the browser to be saved. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser takes hold of the blob while the click is handled; a moment later the address may go.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
