/** As the system words it. */
const system = /\b(ENOSPC|EDQUOT|EROFS)\b|no space left on device|disk quota exceeded|read-only file system/i

/** As git does where it leaves the system's word out. */
const git = /out of diskspace|unable to write (new index )?file|write failure on standard output|couldn't write '/i

/** Whether a message tells of a disk that is full or can't be written. */
export const isDiskTrouble = (message: string): boolean => system.test(message) || git.test(message)

const question = "Is the disk full or read-only?"

/** The message with a question that says where to look; git's own words often don't. */
export const askingOfDisk = (message: string): string =>
  message.endsWith(question) ? message : `${message}. ${question}`
