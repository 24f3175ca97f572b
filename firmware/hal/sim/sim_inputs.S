/* The inputs that sim_main.c runs the model on. */
    .section .rodata
    .align  4
    .global sim_inputs
sim_inputs:
    .incbin "inputs.bin"
