NMOS differential pair with resistive loads
* Balanced, each side carries itail / 2 and both outputs stand at vdd - rd * itail / 2 = 1.3 V.
.param vdd=1.8 vcm=1.0 itail=100u rd=10k w=20u l=1u
.model nch nmos (level=1 vto=0.5 kp=200u lambda=0.05)
Vdd vdd 0 {vdd}
Vp inp 0 dc {vcm} ac 0.5
Vn inn 0 dc {vcm} ac 0.5 180
Rd1 vdd outn {rd}
Rd2 vdd outp {rd}
M1 outn inp tail 0 nch w={w} l={l}
M2 outp inn tail 0 nch w={w} l={l}
Itail tail 0 dc {itail}
.op
.end
