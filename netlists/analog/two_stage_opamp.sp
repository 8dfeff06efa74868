Two-stage Miller operational amplifier as a unity-gain buffer
* First stage: NMOS pair M1 M2 with the PMOS mirror M3 M4; second stage: M6 over the current sink M7.
* M5, M7 and M8 mirror ibias. Cc and Rz compensate.
.param vdd=1.8 vin=0.9 ibias=20u
.model nch nmos (level=1 vto=0.45 kp=250u lambda=0.08)
.model pch pmos (level=1 vto=-0.45 kp=90u lambda=0.1)

.subckt opamp inp inn out vdd vss bias cc=1p rz={2k}
.param wn=10u wp=20u l=0.5u
M1 x1 inn tail vss nch w=wn l=l
M2 x2 inp tail vss nch w=wn l=l
M3 x1 x1 vdd vdd pch w=wp l=l
M4 x2 x1 vdd vdd pch w=wp l=l
M5 tail bias vss vss nch w={2*wn} l=l
M6 out x2 vdd vdd pch w={4*wp} l=l
M7 out bias vss vss nch w={4*wn} l=l
M8 bias bias vss vss nch w=wn l=l
Rz x2 z {rz}
Cc z out {cc}
.ends opamp

Vdd vdd 0 {vdd}
Vin in 0 dc {vin} ac 1
Ibias vdd bias {ibias}
Xamp in out out vdd 0 bias opamp cc=2p
Cl out 0 5p
.op
.end
