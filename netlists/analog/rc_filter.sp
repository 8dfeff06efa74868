RC low-pass filter with a resistive load
* At low frequency out = vin * rl / (rs + rl) = 0.75 V; the corner lies at 1 / (2 pi c1 (rs || rl)) = 212 Hz.
.param rs=1k rl=3k c1=1u
Vin in 0 dc 1 ac 1
Rs in out {rs}
Rl out 0 {rl}
C1 out 0 {c1}
.op
.ac dec 10 1 100k
.print ac v(out)
.end
