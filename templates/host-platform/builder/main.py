"""PlatformIO build script: the project's sources become one program, made by this computer's C compiler ($CC or cc)."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
compiler = env["ENV"].get("CC") or "cc"
env.Replace(CC=compiler, LINK=compiler, PROGSUFFIX="")
Default(env.BuildProgram())
