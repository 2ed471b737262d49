/** Whether a system's message tells of a disk that is full or can't be written. */
export const isDiskTrouble = (message: string): boolean =>
  /\b(ENOSPC|EDQUOT|EROFS)\b|no space left on device|disk quota exceeded|read-only file system/i.test(message)
