4x4 memristor crossbar as a voltage divider
* A cell of state x conducts g(x) = gmin + x (gmax - gmin). Row i is driven with a read voltage; column j is loaded
* with gload and shows sum_i g_ij v_i / (gload + sum_i g_ij).
.param gmin=10u gmax=100u gload=1m vread=0.2
.func conductance(x) {gmin + x*(gmax - gmin)}

.subckt memristor top bottom x=0
R1 top bottom {1/conductance(x)}
.ends memristor

V1 r1 0 {vread}
V2 r2 0 0
V3 r3 0 {vread/2}
V4 r4 0 {vread}

X11 r1 c1 memristor x=1
X12 r1 c2 memristor x=0
X13 r1 c3 memristor x=0.5
X14 r1 c4 memristor x=0.25
X21 r2 c1 memristor x=0
X22 r2 c2 memristor x=1
X23 r2 c3 memristor x=0.75
X24 r2 c4 memristor x=0.5
X31 r3 c1 memristor x=0.5
X32 r3 c2 memristor x=0.25
X33 r3 c3 memristor x=1
X34 r3 c4 memristor x=0
X41 r4 c1 memristor x=0.25
X42 r4 c2 memristor x=0.5
X43 r4 c3 memristor
X44 r4 c4 memristor x=1

Rl1 c1 0 {1/gload}
Rl2 c2 0 {1/gload}
Rl3 c3 0 {1/gload}
Rl4 c4 0 {1/gload}
.op
.end
