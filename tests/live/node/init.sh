#!/bin/sh
# The first process of a node: init.sh STATE ADDRESS GATEWAY SYSCTL... It makes the mounts and the network, and waits. Whoever ends it
# ends every process of the node, and its mounts and its network with them.
set -eu
state=$1 address=$2 gateway=$3
shift 3
mount --make-rshared /
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/netns /run/containerd
for folder in etc var/lib; do
  layers=$state/over/$folder
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$layers/upper,workdir=$layers/work" "/$folder"
done
mkdir -p "$state/logs/containers" "$state/kubelet" "$state/volumes" /tmp/hostpath_pv
mount --bind "$state/logs" /var/log
# The host-path provisioner has this place alone, and makes folders that only root can write in. Pods that are not
# root get theirs as those of Kind get them: open to all.
mount --bind "$state/volumes" /tmp/hostpath_pv
for key; do
  mount --bind "$state/$(echo "$key" | tr / _)" "/proc/sys/$key"
done
ip link set lo up
until ip link show eth0 > /dev/null 2>&1; do sleep 0.1; done # whoever called this puts it here
ip addr add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
echo 1 > /proc/sys/net/ipv4/ip_forward
printf 'nameserver %s\n' "$gateway" > "$state/resolv.conf"
echo "$address node" >> /etc/hosts
touch "$state/ready"
while :; do
  chmod 0777 "$state"/volumes/* 2> /dev/null || true
  sleep 1
done
