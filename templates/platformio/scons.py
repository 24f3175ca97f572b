"""PlatformIO starts SCons through its package tool-scons; this one uses the SCons of smilec's Python environment."""

import SCons.Script

SCons.Script.main()
