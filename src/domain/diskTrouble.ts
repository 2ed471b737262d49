/** As the system words it. */
const system = /\b(ENOSPC|EDQUOT|EROFS)\b|no space left on device|disk quota exceeded|read-only file system/i

/** Whether a message tells of a disk that is full or can't be written. */
export const isDiskTrouble = (message: string): boolean => system.test(message)

/** As git words it where it leaves the system's word out. Where that is there, it counts. */
const git = /out of diskspace|unable to write (new index )?file|write failure on standard output|couldn't write '/i
const otherTrouble = /permission denied|operation not permitted|file exists|not a directory/i

/** Whether git's own message does. */
export const isGitsDiskTrouble = (message: string): boolean =>
  isDiskTrouble(message) || (git.test(message) && !otherTrouble.test(message))

const question = "Is the disk full or read-only?"

/** The message with a question that says where to look; git's own words often don't. */
export const askingOfDisk = (message: string): string =>
  message.endsWith(question) ? message : `${message}. ${question}`
