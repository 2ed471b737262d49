/** Numbers as people read them. */

/** `0:07`, `12:34`, `1:02:03`. */
export const clock = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, "0")
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** `950`, `1.2k`, `34k`, `5.6M`: at most four characters up to a thousand millions. */
export const compact = (n: number): string => {
  for (const [unit, size] of [["M", 1e6], ["k", 1e3]] as const) {
    const value = n / size
    // What rounds to a thousand is the next unit's.
    if (value >= 0.9995) return value < 9.95 ? `${value.toFixed(1)}${unit}` : `${Math.round(value)}${unit}`
  }
  return String(Math.round(n))
}

/** `1.2 s`, `5 min 0 s`. */
export const seconds = (ms: number): string => {
  const tenths = Math.round(ms / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
