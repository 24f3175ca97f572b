"""
Says what PlatformIO would have to download before it can build an environment. Run in the project's folder with PlatformIO's Python.

    preflight.py ENVIRONMENT PROBE_SECONDS

Prints one line of JSON: {"platform": {"spec", "installed"}, "packages": [{"name", "requirements", "installed"}], "registry": true|false|null}.
"packages" is empty while the platform itself is missing; "registry" (can it be reached?) is null when nothing is missing.
"""

import json
import sys
import threading


def required_packages(platform):
    for name, options in sorted(platform.packages.items()):
        if options.get("optional"):
            continue
        yield {
            "name": name,
            "requirements": options.get("version", "*"),
            "installed": platform.get_package(name) is not None,
        }


def registry_reachable(seconds):
    """Asks every mirror at once; one answer is enough. A refusal by a proxy on the way is none."""
    import requests
    from platformio import __registry_mirror_hosts__

    answered = threading.Event()

    def ask(host):
        try:
            response = requests.head("https://api.%s" % host, timeout=seconds)
            if response.status_code < 500 and response.status_code not in (403, 407):
                answered.set()
        except Exception:  # whatever is wrong with this mirror, it did not answer
            pass

    for host in __registry_mirror_hosts__:
        threading.Thread(target=ask, args=(host,), daemon=True).start()
    return answered.wait(seconds)


def main():
    environment, seconds = sys.argv[1], float(sys.argv[2])
    from platformio.platform.exception import UnknownPlatform
    from platformio.platform.factory import PlatformFactory
    from platformio.project.config import ProjectConfig

    spec = ProjectConfig.get_instance().get("env:%s" % environment, "platform")
    result = {"platform": {"spec": spec, "installed": True}, "packages": [], "registry": None}
    try:
        result["packages"] = list(required_packages(PlatformFactory.from_env(environment)))
    except UnknownPlatform:
        result["platform"]["installed"] = False
    missing = not result["platform"]["installed"] or any(not p["installed"] for p in result["packages"])
    if missing:
        result["registry"] = registry_reachable(seconds)
    print(json.dumps(result), flush=True)


main()
