# SPDX-License-Identifier: Apache-2.0
# In the guest: server, agent and gate against a real camera driver and real radios, one person crossing a threshold.
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; shift; for line in "$@"; do echo "# $line"; done; }
check() { if [ "$1" "$2" "$3" ]; then ok "$4"; else not_ok "$4" "got $1, expected $2 $3"; fi; }
uptime_ms() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}0"; }
# What nothing else makes sense without.
bail() { echo "Bail out! $1"; shift; for line in "$@"; do echo "# $line"; done; exit 1; }
# Wait at most 120 s (this machine is emulated, and may share its processor) and print how long it took.
wait_for() {	# WHAT COMMAND…
	what=$1 began=$(uptime_ms)
	shift
	for i in $(seq 600); do
		if "$@" >/dev/null 2>&1; then echo "# $what: $(($(uptime_ms) - began)) ms"; return 0; fi
		sleep 0.2
	done
	echo "# $what: not within 120 s"
	return 1
}

SCOPE=/sys/fs/cgroup/user.slice
mkdir -p $SCOPE
in_scope() { sh -c "echo \$\$ >$SCOPE/cgroup.procs; exec /bin/setpriv --reuid 1000 --regid 1000 --clear-groups \"\$@\"" sh "$@"; }
for module in $(cat /modules/order); do
	options=
	case $module in vivid.ko) options='n_devs=1 node_types=0x1' ;; mac80211_hwsim.ko) options='radios=1' ;; esac
	insmod /modules/$module $options || echo "# insmod $module failed"
done
wait_for 'the camera is there' test -c /dev/video0
chmod 666 /dev/video0
format='--set-fmt-video=width=320,height=180,pixelformat=YUYV'
camera() { in_scope v4l2-ctl -d /dev/video0 $format --stream-mmap "$@"; }
frames() { tr -cd '<' <"$1" | wc -c; }
frames_at_least() { [ "$(frames "$1")" -ge "$2" ]; }
soft() { cat /sys/class/rfkill/rfkill*/soft | head -n 1; }
wifi_is() { [ "$(soft)" = "$1" ]; }

# --- a server with one rule, one person, one device ---
cat >/tmp/server.conf <<'END'
people_listen = 127.0.0.1:8443
device_listen = 127.0.0.1:8444
apple_listen = 127.0.0.1:8445
END
cat >/tmp/policy.yaml <<'END'
bosaga: 1
places:
  - id: house
    name: {kk: Үй, ru: Дом, en: House}
    gates: [{id: north}]
rules:
  - id: quiet
    who: {all: true}
    where: [house]
    restrict: [camera, wifi]
    because: {kk: Қорғау, ru: Защита, en: To protect}
    stage: all
END
start_server() { bosagad --state /tmp/server --config /tmp/server.conf 2>>/tmp/server.log & server=$!; }
cli() { bosaga "$@" --socket /tmp/server/admin.sock; }
agent() { bosaga-agent "$@" --state /tmp/agent; }
value() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }
cross() { cli crossing add --place house --gate north --badge 1001 "--$1" >/tmp/crossing 2>&1 || cat /tmp/crossing; }
start_server
wait_for 'the server answers' cli status || bail 'no server' "$(cat /tmp/server.log)"
cli person add aigul --name Aigul --unit ministry --badge 1001 >/dev/null
cli policy apply /tmp/policy.yaml >/dev/null
cli invite aigul --kind linux-agent --json >/tmp/invitation
agent enrol --server https://127.0.0.1:8443 --token "$(value token </tmp/invitation)" --pin "$(value ca_sha256 </tmp/invitation)" >/tmp/enrol 2>&1
grep -q '^enrolled' /tmp/enrol || bail 'not enrolled' "$(cat /tmp/enrol)"
ok 'the device is enrolled'
start_agent() { bosaga-agent run --state /tmp/agent 2>>/tmp/agent.log & agent=$!; }
start_agent
has_orders() { [ "$(agent status --json | sed -n 's/.*"orders_serial": \([0-9]*\).*/\1/p')" -ge 1 ]; }
wait_for 'the agent has orders' has_orders || bail 'no orders' "$(cat /tmp/agent.log)"
ok 'the agent has orders'

# --- in ---
camera --stream-count=5 >/tmp/before 2>&1
check $? = 0 'before: a process of the scope gets frames'
check "$(soft)" = 0 'before: Wi-Fi is on'
camera --stream-count=1000000 >/tmp/running 2>&1 &
wait_for 'a stream runs' frames_at_least /tmp/running 3 && ok 'a stream runs' || not_ok 'a stream runs' "$(cat /tmp/running)"
cross in
began=$(uptime_ms)
closed() { ! camera --stream-count=1; }
wait_for 'after the crossing, no new stream' closed && ok 'inside: no new stream' || not_ok 'inside: no new stream' "$(cat /tmp/agent.log)"
camera --stream-count=1 2>&1 | grep -q 'Operation not permitted' && ok 'inside: with EPERM' || not_ok 'inside: with EPERM'
verified() { agent status | grep -q '^camera  *verified'; }
wait_for 'the agent says verified' verified && ok 'inside: verified' || not_ok 'inside: verified' "$(agent status)" "$(cat /tmp/agent.log)"
sleep 2
stopped=$(frames /tmp/running)
sleep 4
check "$(frames /tmp/running)" = "$stopped" 'inside: the stream that ran gets no frame any more'
echo "# $stopped frames before and $(frames /tmp/running) after, $(($(uptime_ms) - began)) ms after the crossing"
grep -q '^vivid' /proc/modules && ok 'inside: vivid is still loaded' || not_ok 'inside: vivid is still loaded'
check "$(soft)" = 1 'inside: Wi-Fi is off'
rfkill unblock wifi
wait_for 'Wi-Fi is off again' wifi_is 1 && ok 'inside: Wi-Fi goes off again when its owner turns it on' || not_ok 'inside: Wi-Fi goes off again'
server_knows() { cli device list --json | grep -q aigul && device=$(cli device list --json | value id) && cli device show $device --json | grep -q '"state": *"verified"'; }
wait_for 'the server knows' server_knows && ok 'inside: the server knows that it is verified' || not_ok 'inside: the server knows'

# --- out ---
cross out
opened() { camera --stream-count=1; }
wait_for 'after the crossing, a new stream' opened && ok 'outside: the camera opens' || not_ok 'outside: the camera opens' "$(cat /tmp/agent.log)"
camera --stream-count=30 >/tmp/after 2>&1
check "$(frames /tmp/after)" -ge 30 'outside: a new stream gets 30 frames'
check "$(soft)" = 0 'outside: Wi-Fi is on'

# --- in, the server dies, out by a code; in, both die, out by the restart ---
cli gate credential house north --out /tmp/gate.json >/dev/null
cross in
wait_for 'closed again' closed && ok 'inside again' || not_ok 'inside again' "$(cat /tmp/agent.log)"
wait_for 'verified' verified
kill -9 $server
code=$(bosaga-sim gate --credential /tmp/gate.json code --pass "$(agent pass --hex)")
agent tap "$code" >/tmp/tap 2>&1
check $? = 0 'server dead: the code of a gate is taken'
sed 's/^/# /' /tmp/tap
wait_for 'open by code' opened && ok 'server dead: the code opens the camera' || not_ok 'server dead: the code opens the camera' "$(cat /tmp/agent.log)"
check "$(soft)" = 0 'server dead: and Wi-Fi'
agent tap "$code" >/dev/null 2>&1
check $? = 1 'server dead: the same code is refused'
start_server
wait_for 'the server answers' cli status
sleep 1
cross in
wait_for 'closed once more' closed && ok 'inside once more' || not_ok 'inside once more' "$(cat /tmp/agent.log)"
kill -9 $agent
camera --stream-count=1 >/dev/null 2>&1
check $? -ne 0 'agent dead: still closed'
start_agent
wait_for 'verified' verified && ok 'agent restarted: still closed, and verified' || not_ok 'agent restarted: verified' "$(cat /tmp/agent.log)"

# --- in for a short lease, and the agent dies for good: the kernel opens the camera, the next agent turns Wi-Fi on ---
cross out
wait_for 'open for the next claim' opened
sed 's/^    gates:.*/&\n    max_stay: 45s/' /tmp/policy.yaml >/tmp/short.yaml
cli policy apply /tmp/short.yaml >/dev/null
sleep 2
cross in
wait_for 'closed for a short lease' closed
kill -9 $agent
closed && ok 'agent dead for good: still closed' || not_ok 'agent dead for good: still closed' "$(cat /tmp/agent.log)"
wait_for 'the lease opens the camera' opened && ok 'agent dead for good: the lease opens the camera' || not_ok 'agent dead for good: the lease opens the camera'
start_agent
wait_for 'Wi-Fi is on' wifi_is 0 && ok 'the next agent turns Wi-Fi on' || not_ok 'the next agent turns Wi-Fi on' "$(cat /tmp/agent.log)"
sleep 1
cross in
wait_for 'closed for the last time' closed
wait_for 'verified' verified
agent unenrol >/tmp/left 2>&1
check "$(cat /tmp/left)" = left 'leaving: the server is told'
opened && ok 'leaving: the camera opens' || not_ok 'leaving: the camera opens'
check "$(soft)" = 0 'leaving: Wi-Fi is on'
echo "1..$n"
