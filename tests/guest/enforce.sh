# SPDX-License-Identifier: Apache-2.0
# In the guest: a real video driver and real rfkill devices under the enforcements alone.
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; shift; for line in "$@"; do echo "# $line"; done; }
check() { if [ "$1" "$2" "$3" ]; then ok "$4"; else not_ok "$4" "got $1, expected $2 $3"; fi; }
uptime_ms() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}0"; }

SCOPE=/sys/fs/cgroup/user.slice
mkdir -p $SCOPE /tmp/state
in_scope() { g=$1; shift; sh -c "echo \$\$ >$g/cgroup.procs; exec /bin/setpriv --reuid 1000 --regid 1000 --clear-groups \"\$@\"" sh "$@"; }
enforce() { enforce_try user.slice /tmp/state "$@"; }

for module in $(cat /modules/order); do
	options=
	case $module in vivid.ko) options='n_devs=2 node_types=0x1,0x1' ;; mac80211_hwsim.ko) options='radios=2' ;; esac
	insmod /modules/$module $options || echo "# insmod $module failed"
done
for i in 1 2 3 4 5 6 7 8 9 10; do [ -c /dev/video0 ] && break; sleep 1; done
chmod 666 /dev/video0 /dev/video1
echo "# $(uname -r), up $(uptime_ms) ms"
format='--set-fmt-video=width=320,height=180,pixelformat=YUYV'
frames() { tr -cd '<' <"$1" | wc -c; }

check "$(enforce camera probe | cut -d: -f1)" = enforced 'camera: the probe says enforced'
in_scope $SCOPE v4l2-ctl -d /dev/video0 $format --stream-mmap --stream-count=5 >/tmp/before 2>&1
check $? = 0 'camera: before, a process of the scope gets frames'
sed "s/^/# /" /tmp/before | head -n 5

# A stream that runs before the restriction, by the owner of the queue; it writes '<' for each frame.
in_scope $SCOPE v4l2-ctl -d /dev/video0 $format --stream-mmap --stream-count=100000 >/tmp/running 2>&1 &
for i in $(seq 30); do [ "$(frames /tmp/running)" -ge 3 ] && break; sleep 1; done
check "$(frames /tmp/running)" -ge 3 'camera: a stream is running'

enforce camera keep 12 &
keeper=$!
start=$(uptime_ms)
sleep 2
at_2s=$(frames /tmp/running)
in_scope $SCOPE v4l2-ctl -d /dev/video0 --stream-mmap --stream-count=1 >/tmp/new 2>&1
check $? -ne 0 'camera: a new open in the scope fails'
grep -q 'Operation not permitted' /tmp/new && ok 'camera: with EPERM' || not_ok 'camera: with EPERM' "$(cat /tmp/new)"
sleep 4
check "$(frames /tmp/running)" = "$at_2s" 'camera: the running stream gets no frame from 2 s on'
echo "# $at_2s frames at 2 s, $(frames /tmp/running) at $(($(uptime_ms) - start)) ms"
check "$(enforce camera verify)" = restricted 'camera: verify says restricted'
grep -q '^vivid' /proc/modules && ok 'camera: vivid is still loaded' || not_ok 'camera: vivid is still loaded'
v4l2-ctl -d /dev/video0 $format --stream-mmap --stream-count=3 >/tmp/outside 2>&1
check $? = 0 'camera: outside the scope it streams'
wait $keeper
killall v4l2-ctl 2>/dev/null
enforce camera lift
check $? = 0 'camera: lift'
check "$(enforce camera verify)" = open 'camera: verify says open'
in_scope $SCOPE v4l2-ctl -d /dev/video0 $format --stream-mmap --stream-count=30 >/tmp/after 2>&1
check $? = 0 'camera: afterwards a new stream gets 30 frames'
check "$(frames /tmp/after)" -ge 30 'camera: all of them'

# A stream read with read(2) has no buffers of its own to stop: it is ended.
in_scope $SCOPE dd if=/dev/video0 of=/tmp/read bs=64k 2>/tmp/dd &
reader=$!
for i in $(seq 30); do [ -s /tmp/read ] && break; sleep 1; done
[ -s /tmp/read ] && ok 'camera: a reader reads' || not_ok 'camera: a reader reads' "$(cat /tmp/dd)"
enforce camera keep 6 &
keeper=$!
sleep 2
size=$(wc -c </tmp/read)
sleep 3
check "$(wc -c </tmp/read)" = "$size" 'camera: the reader gets no byte from 2 s on'
wait $keeper
rm -f /tmp/read
enforce camera lift

# An app that keeps its descriptor and starts its stream again, at once or after a while: stopped, then ended.
for pause in 0 3; do
	in_scope $SCOPE stubborn /dev/video0 $pause >/tmp/stubborn$pause 2>/tmp/dd &
	for i in $(seq 30); do [ "$(frames /tmp/stubborn$pause)" -ge 3 ] && break; sleep 1; done
	check "$(frames /tmp/stubborn$pause)" -ge 3 "camera: an app streams that starts again after $pause s"
	enforce camera keep 8 2>>/dev/console &
	keeper=$!
	sleep 2
	at_2s=$(frames /tmp/stubborn$pause)
	sleep 5
	echo "# $at_2s frames at 2 s, $(frames /tmp/stubborn$pause) at 7 s"
	pidof stubborn >/dev/null && not_ok "camera: it is ended" || ok "camera: it is ended"
	[ $pause = 3 ] || check "$(frames /tmp/stubborn$pause)" = "$at_2s" 'camera: it gets no frame from 2 s on'
	wait $keeper
	enforce camera lift
done
# It may get what the camera gives between two looks, a quarter to half a second apart, and never again.
check "$(($(frames /tmp/stubborn3) - at_2s))" -lt 30 'camera: one that waits gets less than a second of frames'

# An app with two cameras that accepts it when both are stopped did nothing twice: it is left alone.
in_scope $SCOPE stubborn /dev/video0 60 /dev/video1 >/tmp/two 2>/tmp/dd &
for i in $(seq 30); do [ "$(frames /tmp/two)" -ge 3 ] && break; sleep 1; done
check "$(frames /tmp/two)" -ge 3 'camera: an app streams from two cameras'
enforce camera keep 5
pidof stubborn >/dev/null && ok 'camera: both are stopped, and it is left alone' || not_ok 'camera: both are stopped, and it is left alone'
check "$(enforce camera verify)" = restricted 'camera: and neither streams'
killall stubborn 2>/dev/null
enforce camera lift

# A holder that does not stream is left alone: opening is not filming.
in_scope $SCOPE sleep 20 </dev/video0 &
enforce camera keep 4
pidof sleep >/dev/null && ok 'camera: who only holds it is left alone' || not_ok 'camera: who only holds it is left alone'
enforce camera lift

# A lease that ends with nobody there: what restricted has ended long ago, and nothing lifts.
enforce camera impose 20
began=$(uptime_ms)
opens() { in_scope $SCOPE sh -c ': <>/dev/video0'; }
opens 2>/tmp/opens && not_ok 'camera: closed for the lease' || ok 'camera: closed for the lease'
for i in $(seq 600); do opens 2>/dev/null && break; sleep 0.2; done
took=$(($(uptime_ms) - began))
opens && ok 'camera: opens by itself when the lease ends' || not_ok 'camera: opens by itself when the lease ends'
check $took -ge 18000 'camera: and not before'
echo "# opened after $took ms of 20000"
enforce camera lift

# Wi-Fi: two radios, one of which the owner has switched off himself.
soft() { cat /sys/class/rfkill/rfkill$1/soft; }
set -- $(for d in /sys/class/rfkill/rfkill*; do [ "$(cat $d/type)" = wlan ] && echo ${d##*rfkill}; done)
check $# = 2 'wifi: two radios'
on=$1 off=$2
rfkill block $off
check "$(enforce wifi probe | cut -d: -f1)" = enforced 'wifi: the probe says enforced'
check "$(enforce wifi verify)" = open 'wifi: verify says open'
enforce wifi keep 8 &
keeper=$!
sleep 2
check "$(soft $on)" = 1 'wifi: blocked'
check "$(enforce wifi verify)" = restricted 'wifi: verify says restricted'
rfkill unblock $on
sleep 2
check "$(soft $on)" = 1 'wifi: blocked again after its owner unblocked it'
wait $keeper
rfkill unblock $on
check "$(enforce wifi verify | cut -d: -f1)" = leaking 'wifi: verify notices that it was unblocked'
enforce wifi impose
enforce wifi lift
check "$(soft $on)" = 0 'wifi: lifted'
check "$(soft $off)" = 1 'wifi: what the owner had switched off stays off'
check "$(enforce wifi verify)" = open 'wifi: verify says open again'
echo "1..$n"
