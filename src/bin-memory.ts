/** Memory is the tasks' own: set before anything else is loaded. */
import { setFlagsFromString } from "node:v8"

// V8's nursery would grow from 1 MB to 16 for garbage alone, which each start of a process maps anew, and its heap to
// several times of what is in use before it is looked through again.
for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=100"]) setFlagsFromString(flag)
